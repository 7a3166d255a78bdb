// Normalisation of rows by their root mean square, float32.
#ifndef CK_RMS_NORM_H
#define CK_RMS_NORM_H

#include "ck_types.h"

typedef struct {
  int64_t rows, width;
  double epsilon;
} ck_rms_norm;

/// Operands: x [rows, width], scale [width]; y like x, 1 / root mean square [rows].
void ck_rms_norm_forward(const void *parameters, void *const *operands);

/// Operands: x, scale, 1 / root mean square, y's cotangent; the gradients of x and scale; scratch.
void ck_rms_norm_gradient(const void *parameters, void *const *operands);

/// Bytes of that scratch.
int64_t ck_rms_norm_scratch_bytes(const ck_rms_norm *shape);

#endif
