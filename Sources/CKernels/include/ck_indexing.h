// Kernels that move numbers by position: gather, scatter-add, orders, running sums. Arrays are dense; an axis in the
// middle is described by [outer, extent, inner].
#ifndef CK_INDEXING_H
#define CK_INDEXING_H

#include <stdbool.h>

#include "ck_types.h"

/// x: [outer, extent, inner], indices: [count] (or [outer, count, inner] for the element-wise forms).
typedef struct {
  int32_t type;
  int64_t outer, extent, inner, count;
} ck_indexing;

/// Operands: x, indices, result [outer, count, inner]. A position outside gives NaN (0 for whole numbers).
void ck_gather(const void *parameters, void *const *operands);
void ck_gather_elements(const void *parameters, void *const *operands);

/// Operands: updates [outer, count, inner], indices, result [outer, extent, inner]. A position outside is skipped.
void ck_scatter_add(const void *parameters, void *const *operands);
void ck_scatter_add_onto(const void *parameters, void *const *operands);  // to what is in the result
void ck_scatter_add_elements(const void *parameters, void *const *operands);

typedef struct {
  int32_t type;
  bool flag;  // largest, descending or reverse
  int64_t outer, extent, inner;
} ck_axis;

/// Operands: x, result [outer, inner] (int32): position of the largest (flag) or smallest; the first of equals; a NaN
/// counts as both.
void ck_argument(const void *parameters, void *const *operands);

/// Operands: x [outer, extent] (inner = 1), result (int32): the stable order, descending with the flag; NaN last.
void ck_argument_sort(const void *parameters, void *const *operands);

/// Operands: x, result: running sums, from the end with the flag.
void ck_cumulative_sum(const void *parameters, void *const *operands);

/// Operands: target. Sets `*(int64_t *)parameters` bytes to zero.
void ck_zero(const void *parameters, void *const *operands);

#endif
