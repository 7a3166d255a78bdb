#!/usr/bin/env python3
"""Reference values of GGUF encodings for Tests/LanguageModelsTests/WeightEncodingTests.swift, by the package gguf (PyPI).

Two blocks of each encoding: byte i is (37 i + 11) mod 256, and the half-precision scales are 0x2e66 (0.1) and 0xa4cd (-0.0188).
"""
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    sys.exit(print(__doc__))
import numpy as np
from gguf import GGMLQuantizationType as T, GGML_QUANT_SIZES
from gguf.quants import dequantize

SCALES = {  # byte offsets of the scales in a block
    T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
}
print("  // name, weights at 0, 1, 17, 31, n / 2, n - 1 (n of two blocks), sum of all")
for kind in [T.F16, T.BF16, *SCALES]:
    count, size = GGML_QUANT_SIZES[kind]
    blocks = 2 if kind in SCALES else 32
    data = np.array([(37 * i + 11) % 256 for i in range(blocks * size)], dtype=np.uint8)
    for block in range(blocks):
        for at, bits in zip(SCALES.get(kind, []), [0x2E66, 0xA4CD]):
            data[block * size + at : block * size + at + 2] = np.frombuffer(np.uint16(bits).tobytes(), np.uint8)
    if kind == T.F16:  # no infinities
        data[1::2] &= 0xBB
    values = dequantize(data, kind).astype(np.float32).ravel()
    n = len(values)
    picked = [float(values[i]) for i in (0, 1, 17, 31, n // 2, n - 1)]
    print(f'    ("{kind.name}", {[float(repr(v)) for v in picked]}, {float(np.sum(values.astype(np.float64)))!r}),')
