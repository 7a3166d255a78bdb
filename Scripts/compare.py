#!/usr/bin/env python3
"""Runs each workload in Descent and its peers, interleaved, and prints a table of medians and pairwise ratios.

Usage: compare.py [--company] DESCENT ROUNDS [WORKLOAD...]. With --company the pairs are a program alone and the same beside
a busy process, or beside itself: what company costs each of them.
"""
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

here = os.path.dirname(os.path.abspath(__file__))
# A kernel that is forced on an old OpenBLAS would slow a current numpy.
environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
known = ["tiny", "mlp", "resnet8", "gpt", "resnet18"]
peers = {
    "torch-eager": lambda w: [sys.executable, f"{here}/peers/torch_step.py", "eager", w],
    "torch-compile": lambda w: [sys.executable, f"{here}/peers/torch_step.py", "compile", w],
    "jax": lambda w: [sys.executable, f"{here}/peers/jax_step.py", w],
}


def start(command, **settings):
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**environment, **settings})


def result(process):
    """The last line of JSON; nothing where a peer failed, so that the others go on."""
    out, error = process.communicate()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if process.returncode == 0 and lines:
        return json.loads(lines[-1])
    sentence = f"{' '.join(process.args[:3])} failed: {(error.strip() or 'it printed nothing').splitlines()[-1]}"
    if process.args[0] == program:
        sys.exit(sentence)
    print(sentence, file=sys.stderr)
    return None


def run(command, **settings):
    return result(start(command, **settings))


@contextlib.contextmanager
def busy_process():
    """A process that computes without end, at our own priority; it ends with us, however we end."""
    spin = "import os\nparent = os.getppid()\nprint(flush=True)\nwhile os.getppid() == parent: sum(range(100_000))"
    process = subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()


def beside_busy_process(command):
    with busy_process():
        return run(command)


def beside_itself(command):
    """Two at once: the slower one."""
    return max([result(process) for process in [start(command), start(command)]], key=lambda r: r["milliseconds"])


def product_rate():
    """The higher rate on a large product of oneDNN's and ours, in GFLOP/s: the arithmetic limit's denominator."""
    command = [program, "bench", "product"]
    # Portable kernels leave large products to oneDNN, which chooses its instructions by itself.
    runs = [run(command), run(command, DESCENT_INSTRUCTION_SET="portable")]
    return max(each["gigaflopsPerSecond"] for each in runs)


def compare(workload, watch, limits):
    """A row of the table beside the peers. Whole rounds would dilute a disturbance: a pair is watched by itself. The limit
    is measured with each pair, as a virtual machine's rate may change by a third within seconds."""
    ours, theirs, shares = [], {name: [] for name in peers}, []
    for _ in range(rounds):
        for name, command in peers.items():
            limit, before, other = watch.round(
                product_rate, lambda: run([program, "bench", workload]), lambda: run(command(workload)))
            ours.append(before)
            limits.append(limit)
            shares.append(before["gigaflops"] / (before["milliseconds"] / 1e3) / limit)
            if other:
                theirs[name].append((before["milliseconds"], other))
    medians = {n: statistics.median(o["milliseconds"] for _, o in v) for n, v in theirs.items() if v}
    if not medians:
        sys.exit(f"no peer ran {workload}")
    best = min(medians, key=medians.get)
    ratios = [o["milliseconds"] / mine for mine, o in theirs[best]]
    mine = statistics.median(o["milliseconds"] for o in ours)
    cells = [f"{medians[n]:.3f}" if n in medians else "–" for n in peers]
    memory = statistics.median(o["peakMegabytes"] for _, o in theirs[best])
    print(
        f"| {workload} | {mine:.3f} | {' | '.join(cells)} | **{statistics.median(ratios):.2f}x** {best} "
        f"({', '.join(f'{r:.2f}' for r in ratios)}) | {statistics.median(shares):.0%} ({min(shares):.0%} ... {max(shares):.0%}) "
        f"| {statistics.median(o['compileSeconds'] for o in ours):.3f} "
        f"| {statistics.median(o['peakMegabytes'] for o in ours):.0f} ({memory:.0f}) |",
        flush=True)


def keep_company(workload, watch):
    """The rows of the table of company. The busy process is ours: it does not count as a disturbance."""
    ours = [program, "bench", workload]
    cases = [("Descent", "a busy process", ours, beside_busy_process), ("Descent", "itself", ours, beside_itself)]
    cases += [(name, "a busy process", command(workload), beside_busy_process) for name, command in peers.items()]
    pairs = [[] for _ in cases]
    for _ in range(rounds):
        for (_, _, command, accompanied), measured in zip(cases, pairs):
            pair = watch.round(lambda: run(command), lambda: accompanied(command))
            if all(pair):
                measured.append([each["milliseconds"] for each in pair])
    for (name, company, _, _), measured in zip(cases, pairs):
        if not measured:
            print(f"| {workload} | {name} | {company} | – | – | – |")
            continue
        alone, accompanied = map(statistics.median, zip(*measured))
        ratios = [b / a for a, b in measured]
        print(
            f"| {workload} | {name} | {company} | {alone:.3f} | {accompanied:.3f} | **{statistics.median(ratios):.2f}** "
            f"({', '.join(f'{r:.2f}' for r in ratios)}) |",
            flush=True)


arguments = sys.argv[1:]
company = arguments[:1] == ["--company"]
if company:
    arguments = arguments[1:]
if len(arguments) < 2:
    sys.exit("usage: compare.py [--company] DESCENT ROUNDS [WORKLOAD...]")
program, rounds, workloads = arguments[0], count(arguments[1]), arguments[2:] or known[:4]
if not shutil.which(program):
    sys.exit(f"there is no program {program}; make build makes .build/release/descent")
for workload in workloads:
    if workload not in known:
        sys.exit(f"there is no workload {workload}; there are: {', '.join(known)}")

print(header(sys.argv, ["torch", "jax"]))
watches = {}
if company:
    print("medians of rounds of pairs: alone, then in company\n")
    print("| workload | program | beside it | alone ms | in company ms | ratio (each round) |")
    print("|---|---|---|---|---|---|", flush=True)
    for workload in workloads:
        watches[workload] = Watch(rounds * (len(peers) + 2), "pairs")
        keep_company(workload, watches[workload])
else:
    limits = []
    print(f"medians of {rounds} interleaved rounds\n")
    print("| workload | Descent ms | torch eager | torch compile | JAX | ratio to best peer (each round) | share of limit | first step s | peak MB (best peer) |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for workload in workloads:
        watches[workload] = Watch(rounds * len(peers), "pairs")
        compare(workload, watches[workload], limits)
print()
if not company:
    print(f"product rate: {statistics.median(limits):.0f} GFLOP/s, {min(limits):.0f} to {max(limits):.0f} over all pairs")
for name, watch in watches.items():
    print(f"{name}: {watch.summary()}")
