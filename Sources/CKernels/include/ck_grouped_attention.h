// Causal scaled dot-product attention whose query heads share heads of keys and values, float32.
#ifndef CK_GROUPED_ATTENTION_H
#define CK_GROUPED_ATTENTION_H

#include "ck_types.h"

typedef struct {
  int64_t batch, time, heads, key_heads, width;
} ck_grouped_attention;

/// Operands: queries [batch, time, heads, width], keys and values [batch, time, key_heads, width]; result like the queries,
/// log-sum-exp of the scores [batch, heads, time].
void ck_grouped_attention_forward(const void *parameters, void *const *operands);

/// Operands: queries, keys, values, result, log-sum-exp, the result's gradient; the gradients of queries, keys and values.
void ck_grouped_attention_gradient(const void *parameters, void *const *operands);

#endif
