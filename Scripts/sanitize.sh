#!/usr/bin/env bash
# Runs all tests under AddressSanitizer with UndefinedBehaviorSanitizer, then, whatever those found, under ThreadSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
faults=

# A sanitizer that did not reach the C targets would find nothing there.
reached() {
  nm "$1"/release/CKernels.build/fused.c.o | grep "$2" >/dev/null || { echo "$1: no $2 in our kernels" >&2 && exit 1; }
}

# Swift has its own checks of overflow and bounds; undefined behaviour is C's.
address=(-c release --sanitize address -Xcc -fsanitize=undefined --scratch-path .build-asan)
"$swift" build --build-tests "${address[@]}"
reached .build-asan __asan_ && reached .build-asan __ubsan_
echo "== AddressSanitizer and UndefinedBehaviorSanitizer"
LSAN_OPTIONS="suppressions=$PWD/Scripts/leak-suppressions.txt:print_suppressions=0" \
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
  "$swift" test --skip-build "${address[@]}" || faults=AddressSanitizer

thread=(-c release --sanitize thread --scratch-path .build-tsan)
"$swift" build --build-tests "${thread[@]}"
reached .build-tsan __tsan_
# Nothing is suppressed: what it cannot see of the system's OpenMP run time it is told by Sources/CKernels/threads.c.
echo "== ThreadSanitizer"
TSAN_OPTIONS=halt_on_error=1 "$swift" test --skip-build "${thread[@]}" || faults="${faults:+$faults, }ThreadSanitizer"
[ -z "$faults" ] || { echo "faults under: $faults" >&2 && exit 1; }
echo "no faults"
