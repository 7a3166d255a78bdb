#!/usr/bin/env bash
# The tests, as built; they are to leave no files behind. Usage: test.sh SWIFT
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TMPDIR=$scratch "$1" test -c release --skip-build
# The package manager's own locks and folders do not count.
left=$(cd "$scratch" && find . -mindepth 1 -maxdepth 1 ! -name '*.lock' ! -name 'TemporaryDirectory.*')
if [ -n "$left" ]; then
  printf 'tests left these behind:\n%s\n' "$left" >&2
  exit 1
fi
