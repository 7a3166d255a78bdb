#!/usr/bin/env bash
# Descents on real processes under mpirun, beside the virtual clock. Built with the package trait MPI in a folder of its own: a trait
# is a flag of every module, and in the common folder all would be compiled again, twice.
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/install-mpi.sh

build=(swift build -c release --scratch-path .build-mpi --traits MPI --product descent-ranks)
"${build[@]}" 2>&1 | { grep -E 'error|warning: unre|Compiling|Build' || true; } | tail -5
ranks=$("${build[@]}" --show-bin-path)/descent-ranks

# mpirun asks root whether it is sure; more ranks than cores sleep instead of spinning.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
ranks_of() { timeout 60 mpirun --oversubscribe --enable-recovery -n "$1" "$ranks" "${@:2}"; }

failed=0
# check NAME EXPECTED COMMAND...: whether the command's output has a line that is expected; it may fail.
check() {
  local name=$1 expected=$2 output
  output=$("${@:3}" 2>&1) || true
  if grep -qE "$expected" <<<"$output"; then
    echo "ok: $name: $(grep -E "$expected" <<<"$output" | head -1)"
  else
    echo "FAILED: $name: expected \"$expected\" and got: $output"
    failed=1
  fi
}

# The same bits where the order of messages does not matter, and the clocks agree: a fifth, as ranks share the cores with each
# other and with whatever else runs here.
for method in sync qsgd marina ef21 local shadowheart; do
  check "$method" 'same bits, clocks agree' ranks_of 4 --method $method --rounds 20 --batch 2 --margin 0.2
done
for method in rennala ringmaster; do
  check "$method" 'clocks agree' ranks_of 4 --method $method --rounds 20 --margin 0.5
done

# A rank that is killed is named, and the steps before are kept.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
check 'a killed rank' 'interrupted after [0-9]+ rounds: rank 2 .* has been silent' \
  ranks_of 4 --rounds 100000 --accuracy 1e-30 --patience 2 --kill 2:1.5 --log "$log"
lines=$(wc -l <"$log")
if [ "$lines" -gt 20 ]; then
  echo "ok: the $lines steps before it are kept"
else
  echo "FAILED: only $lines steps before it are kept"
  failed=1
fi

# Bad input is a sentence.
check 'one rank' 'needs a server and a worker' ranks_of 1
check 'ranks that disagree' 'rank 2 .* was started with other settings' \
  timeout 60 mpirun --oversubscribe -n 2 "$ranks" --seed 1 : -n 1 "$ranks" --seed 2
exit $failed
