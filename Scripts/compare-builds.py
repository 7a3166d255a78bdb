"""Whether a change made a step faster: two builds of descent, alternating. Usage: compare-builds.py OLD NEW ROUNDS [WORKLOAD...]

Prints medians and the geometric mean of the pairwise ratios old / new with a 95 % bootstrap interval (10,000 draws).
"""
import json
import math
import random
import statistics
import subprocess
import sys

old, new, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
workloads = sys.argv[4:] or ["tiny", "mlp", "resnet8", "gpt"]


def milliseconds(program, workload):
    result = subprocess.run([program, "bench", workload], capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])["milliseconds"]


print("| workload | old ms | new ms | old / new | n |")
print("|---|---|---|---|---|")
for workload in workloads:
    before, after = [], []
    for index in range(rounds):
        # Whoever runs first may find a cooler machine: they take turns.
        order = [(old, before), (new, after)]
        for program, times in order if index % 2 == 0 else reversed(order):
            times.append(milliseconds(program, workload))
    logs = [math.log(a / b) for a, b in zip(before, after)]
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(logs, k=rounds)) for _ in range(10_000))
    low, high = math.exp(means[250]), math.exp(means[9749])
    print(
        f"| {workload} | {statistics.median(before):.3f} | {statistics.median(after):.3f} "
        f"| {math.exp(statistics.mean(logs)):.3f} [{low:.3f}, {high:.3f}] | {rounds} |",
        flush=True)
