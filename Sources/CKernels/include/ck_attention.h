// Scaled dot-product self-attention on packed projections, float32.
#ifndef CK_ATTENTION_H
#define CK_ATTENTION_H

#include <stdbool.h>

#include "ck_types.h"

typedef struct {
  int64_t batch, time, heads, width;
  bool causal;
} ck_attention;

/// Operands: packed [batch, time, 3, heads, width] (queries, keys, values), result [batch, time, heads, width],
/// log-sum-exp of the scores [batch, heads, time].
void ck_attention_forward(const void *parameters, void *const *operands);

/// Operands: packed, result, log-sum-exp, the result's gradient, the packed projections' gradient.
void ck_attention_gradient(const void *parameters, void *const *operands);

#endif
