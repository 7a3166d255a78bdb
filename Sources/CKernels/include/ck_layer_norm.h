// Layer normalisation of rows, float32.
#ifndef CK_LAYER_NORM_H
#define CK_LAYER_NORM_H

#include "ck_types.h"

typedef struct {
  int64_t rows, width;
  double epsilon;
} ck_layer_norm;

/// Operands: x [rows, width], scale [width], shift [width]; y like x, mean [rows], 1 / deviation [rows].
void ck_layer_norm_forward(const void *parameters, void *const *operands);

/// Operands: x, scale, mean, 1 / deviation, y's cotangent; the gradients of x, scale and shift; scratch.
void ck_layer_norm_gradient(const void *parameters, void *const *operands);

/// Bytes of that scratch.
int64_t ck_layer_norm_scratch_bytes(const ck_layer_norm *shape);

#endif
