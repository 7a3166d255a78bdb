// float32 products that are over before a library has looked up what to do.
#ifndef CK_PRODUCT_H
#define CK_PRODUCT_H

#include <stdint.h>

/// c = a b + bias + addend_scale * addend. a: [m, k], b: [k, n] with any strides (in elements), c: [m, n] dense.
typedef struct {
  int64_t m, n, k;
  int64_t a_row, a_column, b_row, b_column;
  int32_t has_bias;     // [n]
  float addend_scale;   // 0: no addend
} ck_product;

/// A `ck_kernel` on `ck_product`, on the calling thread. Operands: a, b, c, bias (where present), addend (where present;
/// dense like c, may be c itself), all float32.
void ck_product_run(const void *parameters, void *const *operands);

/// What `ck_product_run` does for such a product on the calling thread, for threads that do parts of it.
typedef void (*ck_product_kernel)(const ck_product *product, void *const *operands);
ck_product_kernel ck_product_kernel_of(const ck_product *product);

#endif
