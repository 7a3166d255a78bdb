#!/usr/bin/env bash
# Runs all tests under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}

# A sanitizer that did not reach the C targets would find nothing there.
reached() {
  nm "$1"/release/CKernels.build/fused.c.o | grep -q "$2" || { echo "$1: no $2 in our kernels" >&2 && exit 1; }
}

# Swift has its own checks of overflow and bounds; undefined behaviour is C's.
address=(-c release --sanitize address -Xcc -fsanitize=undefined --scratch-path .build-asan)
"$swift" build --build-tests "${address[@]}"
reached .build-asan __asan_ && reached .build-asan __ubsan_
echo "== AddressSanitizer and UndefinedBehaviorSanitizer"
ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
  "$swift" test --skip-build "${address[@]}"

thread=(-c release --sanitize thread --scratch-path .build-tsan)
"$swift" build --build-tests "${thread[@]}"
reached .build-tsan __tsan_
echo "== ThreadSanitizer, without what Scripts/thread-sanitizer.txt names"
TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/Scripts/thread-sanitizer.txt" \
  "$swift" test --skip-build "${thread[@]}"
echo "no faults"
