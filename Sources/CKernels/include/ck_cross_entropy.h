// Softmax cross-entropy against integer classes, float32.
#ifndef CK_CROSS_ENTROPY_H
#define CK_CROSS_ENTROPY_H

#include "ck_types.h"

typedef struct {
  int64_t rows, classes;
} ck_cross_entropy;

/// Operands: logits [rows, classes], labels [rows] (int32), losses [rows], log-sum-exp [rows]. A label outside the
/// classes gives NaN.
void ck_cross_entropy_forward(const void *parameters, void *const *operands);

/// Operands: logits, labels, log-sum-exp, cotangent [rows], the logits' gradient.
void ck_cross_entropy_gradient(const void *parameters, void *const *operands);

#endif
