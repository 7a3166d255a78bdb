#!/usr/bin/env bash
# A loss and a network of one's own beside those of the library, on a table in which one target in ten is wrong by far.
set -euo pipefail
cd "$(dirname "$0")"
awk 'BEGIN {
  srand(1); print "a,b,y"
  for (row = 0; row < 600; row++) {
    a = 4 * rand() - 2; b = 4 * rand() - 2
    y = sin(2 * a) + a * b / 2 + 0.2 * (rand() + rand() - 1)
    if (rand() < 0.1) y += 20 * rand()
    printf "%.4f,%.4f,%.4f\n", a, b, y
  }
}' >outliers.csv
own() { "${SWIFT:-swift}" run -c release ${SCRATCH:+--scratch-path "$SCRATCH"} OwnProgram "$@"; }
own describe biweight
own describe gated
own compare outliers.csv --budget 1000updates --trials 12 --seeds 10 --measure validation/mae --out runs/outliers --replace --quiet \
  --arm "squares: adam | rate {0.0003...0.1}" \
  --arm "huber: adam | rate {0.0003...0.1}; loss huber delta={0.03...1}" \
  --arm "biweight: adam | rate {0.0003...0.1}; loss biweight c={0.3...10}" \
  --arm "gated: adam | rate {0.0003...0.1}; loss biweight c={0.3...10}; model gated width={16...128}"
own train outliers.csv --model "gated width=64" --loss "biweight c=2" --chain "normalized | momentum 0.9 | rate 0.02" \
  --epochs 60 --out runs/train --replace --quiet
own evaluate runs/train outliers.csv
