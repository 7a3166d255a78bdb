#!/usr/bin/env python3
"""What a user waits for: a table of 100 rows, from the command to the end of the first epoch, beside PyTorch.

Usage: bench-start.py DESCENT [ROUNDS]. Where torch is missing it goes on in the environment that bench.sh makes
(DESCENT_PEERS, or ~/.cache/descent/peers). Ours is `descent train TABLE --epochs 1`: it reads the table, finds out what its
columns are, holds out a fifth of the rows, fits the baselines, compiles, descends and validates. The peer (peers/torch_start.py)
is told what the columns are, and does no more than to read the table and descend: the same network (4-64-64-2), plain Adam,
five batches of 16.

Prints one table: seconds to the end of the first epoch and to the end of the command (ours writes the report with its
pictures), medians of the rounds in turn with the least and the largest.
"""
import importlib.util, os, random, shutil, statistics, subprocess, sys, tempfile, time

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

ROWS = 100


def measure(command):
    """Seconds to the first epoch's line and to the end."""
    start, first, lines = time.monotonic(), None, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line)
            if first is None and line.startswith("epoch 1/1"):
                first = time.monotonic() - start
    if process.returncode != 0 or first is None:
        sys.exit(f"{' '.join(command)} failed:\n" + "".join(lines[-10:]))
    return first, time.monotonic() - start


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if importlib.util.find_spec("torch") is None:
        peers = os.environ.get("DESCENT_PEERS", os.path.expanduser("~/.cache/descent/peers"))
        python = os.path.join(peers, "bin", "python")
        if not os.path.exists(python) or os.path.realpath(sys.prefix) == os.path.realpath(peers):
            sys.exit(f"there is no torch; Scripts/bench.sh makes an environment with it in {peers}")
        os.execv(python, [python, *sys.argv])
    descent, rounds = os.path.abspath(sys.argv[1]), count(sys.argv[2]) if len(sys.argv) > 2 else 10
    print(header(sys.argv, ["torch"]))
    here, folder = os.path.dirname(os.path.abspath(__file__)), tempfile.mkdtemp()
    try:
        table, run = os.path.join(folder, "table.csv"), os.path.join(folder, "run")
        draw = random.Random(1).gauss
        with open(table, "w") as file:
            print("a,b,c,d,label", file=file)
            for _ in range(ROWS):
                x = [draw(0, 1) for _ in range(4)]
                print(",".join(f"{value:.4f}" for value in x) + (",yes" if x[0] + x[1] > 0 else ",no"), file=file)

        def ours():
            shutil.rmtree(run, ignore_errors=True)
            return measure([descent, "train", table, "--epochs", "1", "--out", run])

        def peer():
            return measure([sys.executable, os.path.join(here, "peers", "torch_start.py"), table])

        watch = Watch(rounds)
        results = {"Descent": [], "PyTorch": []}
        for side in ours, peer:  # what is read from the disk once
            side()
        for _ in range(rounds):
            for name, result in zip(results, watch.round(ours, peer)):
                results[name].append(result)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n| program | first epoch, s | end, s |\n|---|---|---|")
    for name, pairs in results.items():
        cells = [f"{statistics.median(each):.3f} ({min(each):.3f} ... {max(each):.3f})" for each in zip(*pairs)]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n" + watch.summary())


main()
