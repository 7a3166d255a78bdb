#!/usr/bin/env python3
"""Whether a change made a step faster: two builds of descent, alternating. Usage: compare-builds.py OLD NEW ROUNDS [WORKLOAD...]

Prints medians and the geometric mean of the pairwise ratios old / new with a 95 % bootstrap interval (10,000 draws).
"""
import json
import math
import random
import shutil
import statistics
import subprocess
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import Watch, count, header

if len(sys.argv) < 4:
    sys.exit("usage: compare-builds.py OLD NEW ROUNDS [WORKLOAD...]")
old, new, rounds = sys.argv[1], sys.argv[2], count(sys.argv[3])
workloads = sys.argv[4:] or ["tiny", "mlp", "resnet8", "gpt"]
for program in (old, new):
    if not shutil.which(program):
        sys.exit(f"there is no program {program}")


def milliseconds(program, workload):
    result = subprocess.run([program, "bench", workload], capture_output=True, text=True)
    if result.returncode != 0:
        # Which workloads there are, each build knows by itself.
        sys.exit(f"{program} bench {workload} failed: {result.stderr.strip()}")
    return json.loads(result.stdout.splitlines()[-1])["milliseconds"]


print(header(sys.argv))
print("\n| workload | old ms | new ms | old / new | n |")
print("|---|---|---|---|---|", flush=True)
watches = {workload: Watch(rounds) for workload in workloads}
for workload, watch in watches.items():
    before, after = [], []
    for index in range(rounds):
        # Whoever runs first may find a cooler machine: they take turns.
        order = [(old, before), (new, after)]
        if index % 2 == 1:
            order.reverse()
        results = watch.round(*[lambda program=program: milliseconds(program, workload) for program, _ in order])
        for (_, times), result in zip(order, results):
            times.append(result)
    logs = [math.log(a / b) for a, b in zip(before, after)]
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(logs, k=rounds)) for _ in range(10_000))
    low, high = math.exp(means[250]), math.exp(means[9749])
    print(
        f"| {workload} | {statistics.median(before):.3f} | {statistics.median(after):.3f} "
        f"| {math.exp(statistics.mean(logs)):.3f} [{low:.3f}, {high:.3f}] | {rounds} |",
        flush=True)
print()
for workload, watch in watches.items():
    print(f"{workload}: {watch.summary()}")
