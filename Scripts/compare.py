"""Runs each workload in Descent and its peers, interleaved, and prints a table of medians and pairwise ratios."""
import json
import os
import statistics
import subprocess
import sys

program, rounds = sys.argv[1], int(sys.argv[2])
workloads = sys.argv[3:] or ["tiny", "mlp", "resnet8", "gpt"]
here = os.path.dirname(os.path.abspath(__file__))
# A kernel that is forced on an old OpenBLAS would slow a current numpy.
environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
peers = {
    "torch-eager": lambda w: [sys.executable, f"{here}/peers/torch_step.py", "eager", w],
    "torch-compile": lambda w: [sys.executable, f"{here}/peers/torch_step.py", "compile", w],
    "jax": lambda w: [sys.executable, f"{here}/peers/jax_step.py", w],
}


def run(command, **settings):
    result = subprocess.run(command, capture_output=True, text=True, env={**environment, **settings})
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not lines:
        print(f"{' '.join(command[:2])} failed: {result.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(lines[-1])


def product_rate():
    """The higher rate on a large product of oneDNN's and ours, in GFLOP/s: the arithmetic limit's denominator."""
    command = [program, "bench", "product"]
    # Portable kernels leave large products to oneDNN, which chooses its instructions by itself.
    runs = [run(command), run(command, DESCENT_INSTRUCTION_SET="portable")]
    return max(each["gigaflopsPerSecond"] for each in runs)


limit = product_rate()
print(f"{os.cpu_count()} cores; product rate {limit:.0f} GFLOP/s; {rounds} interleaved rounds, medians\n")
print("| workload | Descent ms | torch eager | torch compile | JAX | ratio to best peer (each round) | share of limit | first step s | peak MB (best peer) |")
print("|---|---|---|---|---|---|---|---|---|")
for workload in workloads:
    ours, theirs = [], {name: [] for name in peers}
    for _ in range(rounds):
        for name, command in peers.items():
            before = run([program, "bench", workload])
            other = run(command(workload))
            if before:
                ours.append(before)
            if before and other:
                theirs[name].append((before["milliseconds"], other))
    medians = {n: statistics.median(o["milliseconds"] for _, o in v) for n, v in theirs.items() if v}
    best = min(medians, key=medians.get)
    ratios = [o["milliseconds"] / mine for mine, o in theirs[best]]
    mine = statistics.median(o["milliseconds"] for o in ours)
    share = ours[0]["gigaflops"] / (mine / 1e3) / limit
    cells = [f"{medians[n]:.3f}" if n in medians else "–" for n in peers]
    memory = statistics.median(o["peakMegabytes"] for _, o in theirs[best])
    print(
        f"| {workload} | {mine:.3f} | {' | '.join(cells)} | **{statistics.median(ratios):.2f}x** {best} "
        f"({', '.join(f'{r:.2f}' for r in ratios)}) | {share:.0%} | {statistics.median(o['compileSeconds'] for o in ours):.3f} "
        f"| {statistics.median(o['peakMegabytes'] for o in ours):.0f} ({memory:.0f}) |",
        flush=True)
