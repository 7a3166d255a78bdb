#!/usr/bin/env bash
# Runs all tests under the instruction sets that our kernels, OpenBLAS and oneDNN choose from, and on 1, 2 and 3 threads:
# one setting at a time, then a few together. What this processor lacks is skipped, and said. With an argument, only rows
# that contain it.
set -uo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
logs=.build/test-matrix
settings=(DESCENT_INSTRUCTION_SET OPENBLAS_CORETYPE DNNL_MAX_CPU_ISA OMP_NUM_THREADS)

rows=(
  "DESCENT_INSTRUCTION_SET=portable" "DESCENT_INSTRUCTION_SET=avx2" "DESCENT_INSTRUCTION_SET=avx512"
  "OPENBLAS_CORETYPE=Prescott" "OPENBLAS_CORETYPE=Nehalem" "OPENBLAS_CORETYPE=Haswell" "OPENBLAS_CORETYPE=Zen"
  "OPENBLAS_CORETYPE=SkylakeX"
  "DNNL_MAX_CPU_ISA=SSE41" "DNNL_MAX_CPU_ISA=AVX2" "DNNL_MAX_CPU_ISA=AVX512_CORE"
  "OMP_NUM_THREADS=1" "OMP_NUM_THREADS=2" "OMP_NUM_THREADS=3"
  "DESCENT_INSTRUCTION_SET=portable OPENBLAS_CORETYPE=Prescott DNNL_MAX_CPU_ISA=SSE41 OMP_NUM_THREADS=1"
  "DESCENT_INSTRUCTION_SET=avx2 OPENBLAS_CORETYPE=Haswell DNNL_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=3"
  "DESCENT_INSTRUCTION_SET=avx512 OPENBLAS_CORETYPE=SkylakeX DNNL_MAX_CPU_ISA=AVX512_CORE OMP_NUM_THREADS=2"
)

# What a setting needs of the processor, by the kernel's names.
needs() {
  case $1 in
  *=avx512 | *=SkylakeX | *=AVX512_CORE) echo avx512f avx512bw avx512dq avx512vl ;;
  *=avx2 | *=AVX2 | *=Haswell | *=Zen) echo avx2 fma ;;
  *=SSE41) echo sse4_1 ;;
  *=Nehalem) echo sse4_2 ;;
  *=Prescott) echo pni ;;
  esac
}

# The first thing that the processor lacks for a row; nothing where it has all.
lacking() {
  local setting flag
  for setting in $1; do
    for flag in $(needs "$setting"); do
      grep -qw "$flag" /proc/cpuinfo 2>/dev/null || { echo "$flag for $setting" && return; }
    done
  done
}

# OpenBLAS says which kernels it took; one that is built for a single processor ignores the setting.
is_ignored() {
  local core
  core=$(sed -n 's/.*OPENBLAS_CORETYPE=\([A-Za-z]*\).*/\1/p' <<<"$1")
  [ -n "$core" ] && ! grep -q "^Core: $core" "$2"
}

"$swift" build -c release --build-tests || exit 1
mkdir -p "$logs"
table=() failed=0
for row in "${rows[@]}"; do
  [[ $row == *"${1:-}"* ]] || continue
  missing=$(lacking "$row")
  if [ -n "$missing" ]; then
    table+=("skipped     -  $row (the processor lacks $missing)")
    continue
  fi
  echo "== $row"
  log="$logs/$(tr ' =' '-_' <<<"$row").log"
  start=$SECONDS
  # shellcheck disable=SC2086  # a row is several words
  if env "${settings[@]/#/-u}" OPENBLAS_VERBOSE=2 $row "$swift" test -c release --skip-build >"$log" 2>&1; then
    result=pass
  else
    result=FAIL failed=1
    grep -E '✘ Test .*(recorded|failed)|error:' "$log" | head -20
  fi
  if [ $result = pass ] && is_ignored "$row" "$log"; then
    table+=("skipped     -  $row (this OpenBLAS ignores it)")
  else
    table+=("$(printf '%-7s %4ds  %s' $result $((SECONDS - start)) "$row")")
  fi
done

echo
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1), logs in $logs"
printf '%s\n' "${table[@]}"
exit $failed
