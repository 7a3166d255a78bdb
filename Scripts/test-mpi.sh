#!/usr/bin/env bash
# Descents on real processes under mpirun, beside the virtual clock, and experiments whose tasks are shared among ranks. Built with
# the package trait MPI in a folder of its own: a trait is a flag of every module, and in the common folder all would be compiled
# again, twice.
set -euo pipefail
cd "$(dirname "$0")/.."
Scripts/install-mpi.sh

build=(swift build -c release --scratch-path .build-mpi --traits MPI)
for product in descent-ranks descent; do
  "${build[@]}" --product "$product" 2>&1 | { grep -E 'error|warning: unre|Compiling|Build' || true; } | tail -5
done
products=$("${build[@]}" --show-bin-path)
ranks=$products/descent-ranks
descent=$products/descent

# mpirun asks root whether it is sure; more ranks than cores sleep instead of spinning.
# A rank that reads from the memory of one that has just been killed would end too, so messages are copied twice.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
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
# other and with whatever else runs here. Where the bits are the same and the clocks alone disagree it is run again, twice at most, and
# said: waits end late on a machine that is kept waiting itself.
exec 3>&1
timely() {
  local output attempt
  for attempt in 1 2 3; do
    output=$(ranks_of "$@" 2>&1) || true
    grep -q 'same bits, clocks disagree' <<<"$output" || break
    echo "late, run $attempt: $output" >&3
  done
  echo "$output"
}
for method in sync qsgd marina ef21 local; do
  check "$method" 'same bits, clocks agree' timely 4 --method $method --rounds 20 --batch 2 --margin 0.2
done
# Its rounds take as long as variance/accuracy gradients.
check shadowheart 'same bits, clocks agree' ranks_of 4 --method shadowheart --rounds 20 --variance 0.02 --margin 0.2
for method in rennala ringmaster; do
  check "$method" 'clocks agree' ranks_of 4 --method $method --rounds 20 --margin 0.5
done

# A rank that is killed is named, and the steps before are kept.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/looks
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

# Experiments: tasks are shared among ranks, and what they find is that of one process to the last bit.
experiment=(run multi-objective --preset smoke --quiet)
shared() { timeout 300 mpirun --oversubscribe --enable-recovery -n "$1" "$descent" "${@:2}"; }
# Waits until a run's log has so many events of a kind.
await() {
  local count
  for _ in $(seq 2400); do
    if count=$(grep -c "\"event\":\"$2\"" "$scratch/$1/log.jsonl" 2>/dev/null) && [ "$count" -ge "$3" ]; then return; fi
    sleep 0.05
  done
}
ranks_in() { pgrep -f "^$descent .*$scratch/$1"; }
# Results of a run without their times, in the order of their names; and the verdicts.
results() { grep '"event":"result"' "$1/log.jsonl" | sed -E 's/"time":[^,}]*//; s/"seconds":[^,}]*//' | sort; }
verdicts() { "$descent" report "$1" | grep -v "^report:"; }
same() {
  if diff <(results "$scratch/one") <(results "$2") >/dev/null && diff <(verdicts "$scratch/one") <(verdicts "$2"); then
    echo "ok: $1: $(results "$2" | wc -l) results and all verdicts to the last bit"
  else
    echo "FAILED: $1: other results or verdicts than one process has"
    failed=1
  fi
}
"$descent" "${experiment[@]}" --out "$scratch/one" >"$scratch/one.txt" 2>&1 || cat "$scratch/one.txt"
shared 3 "${experiment[@]}" --out "$scratch/three" >"$scratch/three.txt" 2>&1 || cat "$scratch/three.txt"
same 'three ranks' "$scratch/three"

# A rank that is killed is named, and its task is another's.
shared 3 "${experiment[@]}" --out "$scratch/killed" >"$scratch/killed.txt" 2>&1 &
await killed result 2
victim=$(ranks_in killed | tail -1)  # rank 0 was started first
kill -9 "$victim"
wait $! || true
check 'a killed rank of an experiment' "rank [0-9]+ \(.* process $victim\) has been silent" cat "$scratch/killed.txt"
same 'after the loss of a rank' "$scratch/killed"

# All are killed: what was done is kept, and another number of ranks goes on.
shared 3 "${experiment[@]}" --out "$scratch/resumed" >"$scratch/resumed.txt" 2>&1 &
await resumed result 2
kill -9 $(ranks_in resumed)
wait $! || true
shared 4 run --resume "$scratch/resumed" --quiet >>"$scratch/resumed.txt" 2>&1 || cat "$scratch/resumed.txt"
same 'resumed on four ranks' "$scratch/resumed"

# A comparison of one's own arms, likewise.
awk 'BEGIN { srand(7); print "x,y,z,kind"; for (i = 0; i < 2000; i++) { x = rand() - 0.5; y = rand() - 0.5; z = rand();
  print x "," y "," z "," (x * y + 0.02 * (rand() - 0.5) > 0 ? "same" : "other") } }' >"$scratch/table.csv"
compare=(compare "$scratch/table.csv" --arm "sgd: momentum 0.9 | rate {0.001...1}" --arm "adam: adam | rate {0.0001...0.1}"
  --trials 3 --seeds 4 --budget 4000updates --test 0 --quiet)
compared() { grep '"event":"result"' "$1/log.jsonl" | sed -E 's/"(time|[a-z/]*seconds[a-z/]*)":[^,}]*//g' | sort; }
"$descent" "${compare[@]}" --out "$scratch/compared" >"$scratch/compared.txt" 2>&1 || cat "$scratch/compared.txt"
shared 3 "${compare[@]}" --out "$scratch/fewer" >"$scratch/fewer.txt" 2>&1 &
await fewer result 2
victim=$(ranks_in fewer | tail -1)
kill -9 "$victim"
wait $! || true
check 'a killed rank of a comparison' "rank [0-9]+ \(.* process $victim\) has been silent" cat "$scratch/fewer.txt"
if [ -n "$(compared "$scratch/compared")" ] && diff <(compared "$scratch/compared") <(compared "$scratch/fewer"); then
  echo "ok: a comparison after the loss of a rank: $(compared "$scratch/fewer" | wc -l) results to the last bit"
else
  echo "FAILED: a comparison after the loss of a rank has other results than one process"
  failed=1
fi

# A descent whose batches have parts: any number of ranks, one thread each, ends at the same bits.
export OMP_NUM_THREADS=1
train=(train "$scratch/table.csv" --shards 4 --batch 32 --patience 0 --keep last --quiet)
same_model() {
  if cmp "$2/model.safetensors" "$3/model.safetensors"; then
    echo "ok: $1: the same model to the last bit"
  else
    echo "FAILED: $1: another model"
    failed=1
  fi
}
for compress in "" "--compress randk:0.1"; do
  rm -rf "$scratch"/trained-*
  "$descent" "${train[@]}" --epochs 4 $compress --out "$scratch/trained-1" >"$scratch/train.txt" 2>&1 || cat "$scratch/train.txt"
  for count in 2 3 4; do
    shared $count "${train[@]}" --epochs 4 $compress --out "$scratch/trained-$count" >"$scratch/train.txt" 2>&1 ||
      cat "$scratch/train.txt"
    same_model "train on $count ranks ${compress:-with whole gradients}" "$scratch"/trained-{1,$count}
  done
done

# A rank that is killed ends the descent, and fewer go on to where all would have ended.
long=("${train[@]}" --epochs 60)
"$descent" "${long[@]}" --out "$scratch/trained" >"$scratch/train.txt" 2>&1 || cat "$scratch/train.txt"
shared 3 "${long[@]}" --out "$scratch/cut" >"$scratch/cut.txt" 2>&1 &
await cut epoch 10
victim=$(ranks_in cut | tail -1)
kill -9 "$victim"
wait $! || true
check 'a killed rank of a descent' \
  "rank [0-9]+ \(.* process $victim\) has been silent .* go on with descent train --resume" cat "$scratch/cut.txt"
shared 2 train --resume "$scratch/cut" --quiet >"$scratch/cut.txt" 2>&1 || cat "$scratch/cut.txt"
same_model 'resumed on two ranks' "$scratch/trained" "$scratch/cut"
# Long messages need their sender until they are whole: whenever it dies, the others notice.
for moment in 1 2 3; do
  shared 3 "${train[@]}" --hidden 700,700 --epochs 200 --out "$scratch/long-$moment" >"$scratch/cut.txt" 2>&1 &
  await long-$moment epoch 1
  sleep 0.$RANDOM
  victim=$(ranks_in long-$moment | tail -1)
  kill -9 "$victim"
  wait $! || true
  check "a rank killed with long messages ($moment)" "rank [0-9]+ \(.* process $victim\) has been silent" cat "$scratch/cut.txt"
done
head -1500 "$scratch/table.csv" >"$scratch/short.csv"
check 'other data' 'rank 1 \(.*\) has read other data than rank 0' \
  timeout 60 mpirun --oversubscribe -n 1 "$descent" "${train[@]}" --out "$scratch/d" : \
  -n 1 "$descent" train "$scratch/short.csv" --shards 4 --batch 32 --quiet
check 'other settings' 'rank 1 \(.*\) was started with other settings than rank 0' \
  timeout 60 mpirun --oversubscribe -n 1 "$descent" "${train[@]}" --out "$scratch/d" : \
  -n 1 "$descent" "${train[@]}" --hidden 32
check 'more ranks than parts' 'at most 4 of 5 ranks can work' shared 5 "${train[@]}" --out "$scratch/d"
check 'no such table' 'nothing.csv' shared 2 train "$scratch/nothing.csv" --out "$scratch/d"
unset OMP_NUM_THREADS

# Descents on real processes as claims of the experiment.
shared 4 run distributed-limits --preset smoke --real --set real.margin=0.2 --quiet --out "$scratch/real" \
  >"$scratch/real.txt" 2>&1 || cat "$scratch/real.txt"
check 'wall and virtual clock' '"real/bits":1.*"real/ratio":(0.99|1[.][01])' \
  grep '"task":"real synchronous SGD/seed 0"' "$scratch/real/log.jsonl"
check 'real descents without ranks' 'descends on ranks, of which there are none' \
  "$descent" run distributed-limits --preset smoke --real --out "$scratch/c"
check 'real descents of another experiment' 'is for distributed-limits' \
  shared 2 run multi-objective --preset smoke --real --out "$scratch/c"

check 'more ranks than cores' 'ranks work on .*, which has [0-9]+ cores: they take turns' \
  shared $(($(nproc) + 3)) run distributed-limits --preset smoke --quiet --seeds 2 --out "$scratch/crowd"
check 'experiments that disagree' 'rank 1 .* was started with other settings than rank 0' \
  timeout 60 mpirun --oversubscribe -n 1 "$descent" "${experiment[@]}" --out "$scratch/a" : \
  -n 1 "$descent" "${experiment[@]}" --seeds 2
check 'a misspelt experiment' 'there is no experiment multi-objectve' shared 2 run multi-objectve --out "$scratch/b"
exit $failed
