#!/usr/bin/env python3
"""Critic updates a second of TD3 with its environment, Descent beside its peers: interleaved rounds on one core.

Usage: compare-control.py DESCENT ROUNDS
"""
import json
import os
import shutil
import statistics
import subprocess
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
sys.dont_write_bytecode = True  # no folder of compiled modules among the scripts
from measurement import count

if len(sys.argv) != 3:
    sys.exit("usage: compare-control.py DESCENT ROUNDS")
program, rounds = sys.argv[1], count(sys.argv[2])
here = os.path.dirname(os.path.abspath(__file__))
environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
peers = {"JAX, fused": "jax_control.py", "Stable-Baselines3": "sb3_control.py"}


def run(command):
    result = subprocess.run(pin + command, capture_output=True, text=True, env=environment)
    if result.returncode != 0 or not result.stdout.strip():
        print(f"{command[1]} failed: {result.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return result.stdout.strip().splitlines()[-1]


ours, steps = [], []
theirs = {name: [] for name in peers}
for _ in range(rounds):
    for name, script in peers.items():
        mine = run([program, "bench", "control", "--threads", "1"])
        other = run([sys.executable, f"{here}/peers/{script}", "1"])
        if mine is None:
            sys.exit("descent bench control failed")
        numbers = json.loads(mine)
        ours.append(numbers["updatesPerSecond"])
        steps.append(numbers["environmentStepsPerSecond"])
        if other is not None:
            theirs[name].append((numbers["updatesPerSecond"], float(other)))
print(f"TD3 64 x 64, batch 128, one core, {rounds} rounds, interleaved; medians (each round's ratio)")
print(f"Descent: {statistics.median(ours):.0f} critic updates/s; scene alone, 256 copies: {statistics.median(steps) / 1e6:.2f} million steps/s")
for name, pairs in theirs.items():
    if pairs:
        ratios = [a / b for a, b in pairs]
        print(f"{name}: {statistics.median(b for _, b in pairs):.0f} updates/s, ratio {statistics.median(ratios):.2f} "
              f"({', '.join(f'{r:.2f}' for r in ratios)})")
