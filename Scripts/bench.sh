#!/usr/bin/env bash
# The training step beside PyTorch (eager and compiled) and JAX: one run, interleaved.
# Usage: bench.sh [--company] [ROUNDS [WORKLOAD...]]
# --company: each of them alone and beside a busy process, and two of ours at once, in place of ours beside theirs.
# The peers live in a virtual environment outside of the repository: DESCENT_PEERS, or ~/.cache/descent/peers.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=${DESCENT_PEERS:-$HOME/.cache/descent/peers}
if ! "$peers/bin/python" -c 'import torch, jax, optax' 2>/dev/null; then
  echo "installing PyTorch and JAX into $peers" >&2
  python3 -m venv "$peers"
  "$peers/bin/pip" install --quiet --prefer-binary torch jax optax
fi
company=
if [ "${1:-}" = --company ]; then
  company=--company
  shift
fi
rounds=${1:-3}
shift || true
exec "$peers/bin/python" Scripts/compare.py $company .build/release/descent "$rounds" "$@"
