#!/usr/bin/env bash
# Seconds of an epoch of descent train on 1, 2, 4 ranks of this machine, one thread each, and each rank's peak memory; then what the
# simulator says of more ranks, with messages as they are measured here. On a quiet machine: the load is printed.
#   Scripts/scaling.sh [options of descent train]; a perceptron of 670,000 parameters on Fashion-MNIST when there are none
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/install-mpi.sh
build=(swift build -c release --scratch-path .build-mpi --traits MPI)
for product in descent-ranks descent; do "${build[@]}" --product "$product" >/dev/null; done
products=$("${build[@]}" --show-bin-path)
options=("$@")
[ $# -gt 0 ] || options=(fashion-mnist --model mlp --hidden 512,512 --batch 256)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The shortest epoch after the first, from the times of the log.
shortest() {
  grep '"event":"epoch"' "$1/log.jsonl" | sed -E 's/.*"time":([0-9.e+-]+).*/\1/' |
    awk 'NR > 1 { d = $1 - last; if (!least || d < least) least = d } { last = $1 } END { printf "%.3f", least }'
}
python3 Scripts/measurement.py Scripts/scaling.sh "$@"
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(getconf _NPROCESSORS_ONLN) cores"
echo "ranks,compression,seconds of an epoch,peak MB of each rank"
for ranks in 1 2 4; do
  for compress in "" "randk:0.01"; do
    [ "$ranks" -gt 1 ] || [ -z "$compress" ] || continue
    folder=$scratch/$ranks$compress
    mpirun --oversubscribe -n "$ranks" /usr/bin/time -f 'peak %M' "$products/descent" train "${options[@]}" --epochs 4 \
      --patience 0 ${compress:+--compress $compress --chain "rate 0.001"} --quiet --out "$folder" >"$scratch/out" 2>&1 ||
      cat "$scratch/out"
    echo "$ranks,${compress:-none},$(shortest "$folder"),$(sed -nE 's/^peak ([0-9]+)$/\1/p' "$scratch/out" |
      awk '{ printf "%s%d", (NR > 1 ? " " : ""), $1 / 1024 }')"
  done
done

# One thread's seconds for a gradient of one example, from the epochs on one rank.
examples=${EXAMPLES:-60000}
h=$(awk -v s="$(shortest "$scratch/1")" -v n="$examples" 'BEGIN { printf "%.3g", s / n }')
echo "h = $h s an example (an epoch over $examples)"
mpirun --oversubscribe -n 2 "$products/descent-ranks" scaling --parameters "${PARAMETERS:-669706}" --h "$h" --batch 1024
