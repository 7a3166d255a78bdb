#!/usr/bin/env python3
"""Runs a trained model without Descent, and compares with what `descent predict` says.

    descent train table.csv --out runs/train          # numbers only, without missing cells
    descent predict runs/train table.csv --out predictions.csv
    python Scripts/check-trained-model.py runs/train table.csv predictions.csv

Needs numpy and safetensors. Ends with status 1 where a prediction differs by more than float32 explains.
"""

import csv
import json
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
if len(sys.argv) != 4:
    sys.exit("usage: check-trained-model.py FOLDER TABLE PREDICTIONS")
try:
    import numpy as np
    from safetensors.numpy import load_file
except ImportError as error:
    sys.exit(f"{error}: pip install numpy safetensors")

folder, table, predictions = sys.argv[1:]
weights = load_file(folder + "/model.safetensors")
model = json.load(open(folder + "/model.json"))
rows = list(csv.DictReader(open(table)))
layers = len(model["model"]["hidden"]) + 1


def feature(column):
    kept = next(i for i in model["encoding"]["inputs"] if i["column"] == column)
    if kept["kind"] != "number" or kept["hasIndicator"]:
        sys.exit(f"{column} is no column of numbers without missing cells")
    scale = kept["scales"][0]
    values = np.array([float(row[column]) for row in rows])
    return np.clip((values - scale["mean"]) / scale["deviation"], -scale["limit"], scale["limit"])


x = np.stack([feature(i["column"]) for i in model["encoding"]["inputs"]], axis=1).astype(np.float32)
for layer in range(layers):
    x = x @ weights[f"parameters/linear{layer}/weight"] + weights[f"parameters/linear{layer}/bias"]
    if layer + 1 < layers:
        x = np.maximum(x, 0)

said = list(csv.DictReader(open(predictions)))
if model["classes"]:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    ours = powers / powers.sum(axis=1, keepdims=True)
    theirs = np.array([[float(row["probability:" + name]) for name in model["classes"]] for row in said])
else:
    scale = model["targetScale"]
    names = ["prediction"] if len(scale["mean"]) == 1 else ["prediction:" + name for name in model["encoding"]["targets"]]
    ours = x
    theirs = np.array([[float(row[name]) for name in names] for row in said])
    theirs = (theirs - np.array(scale["mean"])) / np.array(scale["deviation"])
worst = np.abs(ours - theirs).max()
print(f"{len(rows)} rows, largest difference {worst:.2e}")
# Sums of some hundred products in float32, in another order.
sys.exit(0 if worst < 1e-4 else 1)
