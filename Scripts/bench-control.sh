#!/usr/bin/env bash
# TD3 with its environment beside fused JAX and Stable-Baselines3, one core each: one run, interleaved.
# Usage: bench-control.sh [ROUNDS]
# The peers live in a virtual environment outside of the repository: DESCENT_CONTROL_PEERS, or ~/.cache/descent/control-peers.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=${DESCENT_CONTROL_PEERS:-$HOME/.cache/descent/control-peers}
if ! "$peers/bin/python" -c 'import jax, stable_baselines3' 2>/dev/null; then
  echo "installing JAX and Stable-Baselines3 into $peers" >&2
  python3 -m venv "$peers"
  "$peers/bin/pip" install --quiet --prefer-binary jax stable-baselines3
fi
exec "$peers/bin/python" Scripts/compare-control.py .build/release/descent "${1:-3}"
