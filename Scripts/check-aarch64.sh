#!/usr/bin/env bash
# Compiles our kernels for aarch64 and looks whether vector instructions came out. Needs a clang that knows the target, and
# the C library's headers for it (Debian: libc6-dev-arm64-cross), which it installs where it may.
set -euo pipefail
cd "$(dirname "$0")/.."
include=/usr/aarch64-linux-gnu/include
if [ ! -e $include/stdio.h ]; then
  if ! command -v apt-get >/dev/null; then
    echo "The C library's headers for aarch64 are not in $include, and there is no apt-get to install them." >&2
    exit 1
  fi
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get install -y --no-install-recommends libc6-dev-arm64-cross >/dev/null
fi
clang=$(command -v clang || echo "$(dirname "$(readlink -f "$(command -v swift)")")/clang")
compile=("$clang" --target=aarch64-linux-gnu -isystem "$include" -std=gnu17 -O2 -Werror -ISources/CKernels/include)

failed=0 files=0 count=0
for file in Sources/CKernels/*.c; do
  if assembly=$("${compile[@]}" -S "$file" -o -); then
    files=$((files + 1))
    count=$((count + $(grep -cE '[[:space:]]fmla[[:space:]]+v' <<<"$assembly" || true)))
  else
    failed=1
  fi
done
# Sums of products on four numbers at a time: without them the kernels would be there, but slow.
[ "$count" -gt 500 ] || { echo "FAILED: only $count multiplications of vectors" && failed=1; }
[ $failed = 0 ] && echo "$files files compile for aarch64, with $count multiplications of vectors"
exit $failed
