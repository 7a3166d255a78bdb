#!/usr/bin/env bash
# The training step beside PyTorch (eager and compiled) and JAX: one run, interleaved. Usage: bench.sh [ROUNDS [WORKLOAD...]]
# The peers live in a virtual environment outside of the repository: DESCENT_PEERS, or ~/.cache/descent/peers.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=${DESCENT_PEERS:-$HOME/.cache/descent/peers}
if ! "$peers/bin/python" -c 'import torch, jax, optax' 2>/dev/null; then
  echo "installing PyTorch and JAX into $peers" >&2
  python3 -m venv "$peers"
  "$peers/bin/pip" install --quiet --prefer-binary torch jax optax
fi
rounds=${1:-3}
shift || true
exec "$peers/bin/python" Scripts/compare.py .build/release/descent "$rounds" "$@"
