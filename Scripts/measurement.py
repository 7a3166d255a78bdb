#!/usr/bin/env python3
"""What every benchmark says about itself: on what it ran, and what else the machine did meanwhile.

A round that others disturbed is repeated. Their time is the busy time of all cores (/proc/stat) minus that of our own
processes: this one, its children that have ended, and those that live on (`served`). Steal is what a hypervisor took.
As a command, measurement.py COMMAND... prints the header of a benchmark that is not written in Python.
"""
import importlib.metadata
import os
import platform
import re
import resource
import shlex
import subprocess
import sys
import time

LIMIT = 0.05  # of the machine's core time, for others and for steal
SHORTEST = 0.5  # seconds: /proc/stat counts in hundredths of a second, too coarse for less
SETTINGS = ("DESCENT_INSTRUCTION_SET", "DNNL_", "GOMP_", "OMP_", "ONEDNN_", "XLA_")


def output(*command):
    """What a command prints, or nothing where it fails or does not exist."""
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            text = file.read()
    except OSError:
        return output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    field = lambda name: (re.findall(rf"^{name}\s*: (.*)", text, re.M) or [""])[0]
    # A virtual machine may call its processor no more than "AMD EPYC": family and model tell which one it is.
    numbers = f" family {field('cpu family')} model {field('model')}" if field("cpu family") else ""
    vectors = " AVX-512" if " avx512f" in text else " AVX2" if " avx2" in text else ""
    return (field("model name") or platform.machine()) + numbers + vectors


def header(command, packages=()):
    """One line: processor, cores, revision ('+' where files differ from it), versions of peers, the command."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    git = ["git", "-C", os.path.dirname(os.path.abspath(__file__))]
    revision = output(*git, "rev-parse", "--short", "HEAD") or "unknown"
    modified = "+" if output(*git, "status", "--porcelain", "--untracked-files=no") else ""
    parts = [processor(), f"{cores} of {os.cpu_count()} cores", f"revision {revision}{modified}"]
    for package in packages:
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    settings = [f"{name}={shlex.quote(value)}" for name, value in os.environ.items() if name.startswith(SETTINGS)]
    return ", ".join(parts) + ": " + " ".join(settings + [shlex.join(command)])


def count(text):
    if not text.isdecimal() or int(text) < 1:
        sys.exit(f"the number of rounds must be a whole number of at least 1 and is {text}")
    return int(text)


class Watch:
    """Measures in rounds, with as many more as were asked for when others disturb them."""

    def __init__(self, rounds, noun="rounds", served=()):
        self.left, self.noun, self.served = rounds, noun, served
        self.counted = self.repeated = self.disturbed = 0
        self.worst = (0, 0)
        self.measured = os.path.exists("/proc/stat")

    def round(self, *measures):
        """The results of functions that are called in turn, all of them once more where any was disturbed."""
        while True:
            results, loads = zip(*[self.observe(measure) for measure in measures])
            load = [max(each) for each in zip(*loads)]
            disturbed = max(load) > LIMIT
            if not disturbed or self.left == 0:
                break
            self.left -= 1
            self.repeated += 1
        self.counted += 1
        self.disturbed += disturbed
        self.worst = [max(pair) for pair in zip(self.worst, load)]
        return results

    def observe(self, measure):
        """The result of a function, and the shares of the machine that others and the hypervisor took meanwhile."""
        if not self.measured:
            return measure(), (0, 0)
        start, before = time.monotonic(), self.seconds()
        result = measure()
        time.sleep(max(0, SHORTEST - (time.monotonic() - start)))
        all_cores = (time.monotonic() - start) * os.cpu_count()
        return result, [max(0, after - then) / all_cores for then, after in zip(before, self.seconds())]

    def seconds(self):
        """Seconds of all cores up to now: those that others used, and those that were stolen."""
        hertz = os.sysconf("SC_CLK_TCK")
        with open("/proc/stat") as file:
            user, nice, system, _, _, interrupts, soft_interrupts, steal = map(int, file.readline().split()[1:9])
        ours = 0
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)):
            ours += usage.ru_utime + usage.ru_stime
        for process in self.served:
            with open(f"/proc/{process}/stat") as file:
                # After the name, which may hold spaces: its own times, and those of its children that have ended.
                ours += sum(map(int, file.read().rpartition(")")[2].split()[11:15])) / hertz
        return (user + nice + system + interrupts + soft_interrupts) / hertz - ours, steal / hertz

    def summary(self):
        if not self.measured:
            return "disturbance was not measured: there is no /proc/stat"
        others, steal = self.worst
        text = (
            f"{self.noun}: {self.counted}, repeated as disturbed: {self.repeated}; in those that count others used at most "
            f"{others:.1%} of the machine, steal was at most {steal:.1%}")
        if self.disturbed:
            text += f"; DISTURBED: {self.disturbed} of those that count (above {LIMIT:.0%}), as no repeats were left"
        return text


if __name__ == "__main__":
    if sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(print(__doc__))
    print(header(sys.argv[1:]))
