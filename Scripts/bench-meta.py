#!/usr/bin/env python3
"""One outer step of MAML on sine waves beside TorchOpt, higher, torch.func and JAX: values, then speed, in turn.

Usage: bench-meta.py DESCENT [ROUNDS [WORKLOAD...]]. It goes on in a virtual environment outside of the repository,
DESCENT_META_PEERS or ~/.cache/descent/peers-meta, and installs what is missing there; PyTorch and JAX are taken from the
environment of bench.sh where that has them. Peers that do not start are left out. Threads: OMP_NUM_THREADS, or all
cores; JAX takes all cores in any case.

    sgd-1, sgd-5              through 1 and 5 inner steps, second derivatives included
    sgd-1-first, sgd-5-first  as if each step's gradient were constant
    adam-5                    through 5 inner steps of Adam, second derivatives included

A network 1-40-40-1, 25 tasks of 10 points to adapt to and 10 to be judged by, float32; the outer step is Adam's. Of
ours there are two: all tasks together, and one apart from another. All sides compute outer loss and outer gradient of the
same weights and tasks; where they differ from ours by more than 1e-4, the script ends with status 1. float64 is torch.func
in double precision: it tells which of two is right.
"""
import contextlib, json, os, shutil, statistics, subprocess, sys, tempfile

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

WORKLOADS = ("sgd-1", "sgd-5", "sgd-1-first", "sgd-5-first", "adam-5")
PEERS = ("torchopt", "higher", "torch.func", "torch.func-compiled", "jax")
LIMIT = 1e-4
THREADS = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
FOLDER = os.path.dirname(os.path.abspath(__file__))
# A kernel that is forced on an old OpenBLAS would slow a current numpy.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def enter_environment():
    """Installs what is missing, and goes on there."""
    home = os.environ.get("DESCENT_META_PEERS", os.path.expanduser("~/.cache/descent/peers-meta"))
    other = os.environ.get("DESCENT_PEERS", os.path.expanduser("~/.cache/descent/peers"))
    if os.path.realpath(sys.prefix) == os.path.realpath(home):
        return
    python = f"{home}/bin/python"
    has = lambda modules: subprocess.run([python, "-c", f"import {modules}"], capture_output=True).returncode == 0
    install = lambda *what: subprocess.run([python, "-m", "pip", "install", "--quiet", *what], check=True)
    if not os.path.exists(python):
        subprocess.run(["python3", "-m", "venv", home], check=True)
        packages = lambda of: subprocess.check_output(
            [of, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True).strip()
        if os.path.exists(f"{other}/bin/python"):
            with open(packages(python) + "/peers.pth", "w") as file:
                file.write(packages(f"{other}/bin/python") + "\n")
    if not has("torch, jax, optax"):
        print(f"installing PyTorch and JAX into {home}", file=sys.stderr)
        install("--prefer-binary", "torch", "jax", "optax")
    if not has("torchopt, higher, safetensors"):
        print(f"installing TorchOpt and higher into {home}", file=sys.stderr)
        # What they need beside PyTorch; with their own lists they might bring another PyTorch.
        install("--no-deps", "torchopt==0.7.3", "higher==0.2.1", "optree", "graphviz", "safetensors")
    os.execv(python, [python, *sys.argv])


class Peer:
    """A process that makes its steps when it is told to; of its messages the last is shown where it fails."""

    def __init__(self, name, folder):
        self.name, self.messages, self.failed = name, f"{folder}/{name}.txt", False
        with open(self.messages, "w") as messages:
            self.process = subprocess.Popen(
                [sys.executable, f"{FOLDER}/peers/meta_step.py", name, str(THREADS)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=messages, text=True, env=ENVIRONMENT)

    def ask(self, workload, given, gradients="-"):
        """What it answers; nothing where it has failed."""
        if self.failed:
            return None
        try:
            self.process.stdin.write(f"{workload} {given} {gradients}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.failed = True
        with open(self.messages) as messages:
            last = (messages.read().strip() or "it printed nothing").splitlines()[-1]
        print(f"{self.name} failed: {last}", file=sys.stderr)
        return None

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def ours(*arguments):
    """The lines of JSON of `descent bench meta`."""
    process = subprocess.run(
        [sys.argv[1], "bench", "meta", *arguments, "--threads", str(THREADS)], capture_output=True, text=True)
    if process.returncode:
        sys.exit(process.stderr)
    return [json.loads(line) for line in process.stdout.splitlines()]


def write_problem(path):
    """Weights as PyTorch's Linear starts them, in our layout, and the tasks of one outer step."""
    import numpy as np
    from safetensors.numpy import save_file

    random, widths, arrays = np.random.default_rng(0), (1, 40, 40, 1), {}
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        for name, shape in (("weight", (a, b)), ("bias", (b,))):
            arrays[f"parameters/linear{i}/{name}"] = random.uniform(-1, 1, shape) / a**0.5
    amplitude, phase = random.uniform(0.1, 5, (25, 1, 1)), random.uniform(0, np.pi, (25, 1, 1))
    for part in ("support", "query"):
        x = random.uniform(-5, 5, (25, 10, 1))
        arrays[part + "Inputs"], arrays[part + "Targets"] = x, amplitude * np.sin(x - phase)
    save_file({name: array.astype(np.float32) for name, array in arrays.items()}, path)


def difference(a, b):
    """Of losses, and of the tensor of the gradient where it is largest, relative to b; not a number counts as infinite."""
    import numpy as np

    norm = lambda x: np.linalg.norm(x.astype(np.float64))
    slopes = [norm(a[1][n] - b[1][n]) / norm(b[1][n]) for n in b[1]]
    return [x if x == x else float("inf") for x in (abs(a[0] - b[0]) / abs(b[0]), max(slopes, key=lambda x: (x != x, x)))]


def compare_values(workloads, peers, folder):
    """Prints the table of values; whether all agree."""
    from safetensors.numpy import load_file

    given, slopes = f"{folder}/problem.safetensors", f"{folder}/gradients.safetensors"
    lines = ours(*workloads, "--values", given, "--gradients", slopes)
    gradients = load_file(slopes)
    cut = lambda prefix: {n[len(prefix):]: a for n, a in gradients.items() if n.startswith(prefix)}
    mine = {(l["workload"], l["form"]): (l["loss"], cut(f"{l['form']}/{l['workload']}/")) for l in lines}
    print("relative differences: of the outer loss, and of the tensor of the outer gradient that differs most\n")
    columns = [f"{what}, from {side}" for side in ("ours", "float64") for what in ("loss", "gradient")]
    print(f"| workload | side | outer loss | {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|", flush=True)
    agree = True
    for workload in workloads:
        others = {"descent, apart": mine[workload, "apart"]}
        for name, peer in peers.items():
            answer = peer.ask(workload, given, slopes)
            if answer:
                others[name] = (answer["loss"], load_file(slopes))
        exact = others.pop("float64", None)
        reference = mine[workload, "together"]
        for name, values in {"descent, together": reference, **others}.items():
            away = difference(values, reference)
            agree = agree and max(away) <= LIMIT
            far = [f"{x:.1e}" for x in away + (difference(values, exact) if exact else [])] + ["–"] * (0 if exact else 2)
            mark = "" if max(away) <= LIMIT else " DIFFERS"
            print(f"| {workload} | {name}{mark} | {values[0]:.6f} | {' | '.join(far)} |", flush=True)
    print()
    return agree


def compare_times(workload, peers, given, watch, rounds):
    """A row of the table of times."""
    measured = [[] for _ in range(2 + len(peers))]
    for _ in range(rounds):
        results = watch.round(
            lambda: {line["form"]: line["milliseconds"] for line in ours(workload)},
            *[lambda peer=peer: peer.ask(workload, given) for peer in peers.values()])
        both = [results[0]["together"], results[0]["apart"]]
        for times, value in zip(measured, both + [r and r["milliseconds"] for r in results[1:]]):
            times.append(value)
    medians = [statistics.median(times) if all(times) else None for times in measured]
    theirs = {name: i + 2 for i, name in enumerate(peers) if medians[i + 2]}
    if not theirs:
        sys.exit(f"no peer ran {workload}")
    best = min(theirs, key=lambda name: medians[theirs[name]])
    mine = min((0, 1), key=lambda i: medians[i])
    ratios = [other / own for own, other in zip(measured[mine], measured[theirs[best]])]
    cells = [f"{m:.3f}" if m else "–" for m in medians]
    print(
        f"| {workload} | {' | '.join(cells)} | **{statistics.median(ratios):.2f}x** {best} "
        f"({min(ratios):.2f} ... {max(ratios):.2f}) |", flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: bench-meta.py DESCENT [ROUNDS [WORKLOAD...]]")
    rounds = count(sys.argv[2]) if len(sys.argv) > 2 else 3
    workloads = sys.argv[3:] or WORKLOADS
    if not shutil.which(sys.argv[1]):
        sys.exit(f"there is no program {sys.argv[1]}; make build makes .build/release/descent")
    for workload in workloads:
        if workload not in WORKLOADS:
            sys.exit(f"there is no workload {workload}; there are: {', '.join(WORKLOADS)}")
    enter_environment()
    print(header(sys.argv, ["torch", "torchopt", "higher", "jax"]))
    print(f"threads {THREADS}, {rounds} interleaved rounds, medians\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        given = f"{folder}/problem.safetensors"
        write_problem(given)
        peers = {name: Peer(name, folder) for name in (*PEERS, "float64")}
        agree = compare_values(workloads, peers, folder)
        peers.pop("float64").end()
        print(f"| workload | Descent ms, together | apart | {' | '.join(PEERS)} | our faster one to the best peer |")
        print("|---" * (len(PEERS) + 4) + "|", flush=True)
        watches = {}
        for workload in workloads:
            for peer in peers.values():
                peer.ask(workload, given)  # compiles: outside of what is watched
            served = [peer.process.pid for peer in peers.values() if not peer.failed]
            watches[workload] = Watch(rounds, served=served)
            compare_times(workload, peers, given, watches[workload], rounds)
        for peer in peers.values():
            peer.end()
    print()
    for name, watch in watches.items():
        print(f"{name}: {watch.summary()}")
    if not agree:
        sys.exit(f"values differ by more than {LIMIT}")


main()
