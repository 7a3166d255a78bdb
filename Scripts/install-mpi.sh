#!/usr/bin/env bash
# Installs Open MPI where it is missing: only the package trait MPI needs it.
set -euo pipefail
if command -v mpirun >/dev/null && pkg-config --exists ompi-c; then exit 0; fi
if command -v apt-get >/dev/null; then
  echo "installing: libopenmpi-dev openmpi-bin" >&2
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends libopenmpi-dev openmpi-bin >/dev/null
elif command -v brew >/dev/null; then
  brew install open-mpi
else
  echo "Install Open MPI with its headers, then run this again." >&2
  exit 1
fi
