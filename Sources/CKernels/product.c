#include "ck_product.h"

#include <stdbool.h>

#include "ck_scratch.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Few columns of rows that lie side by side are rows of the turned product, whose columns lie dense.
static bool lies_turned(const ck_product *p) { return p->n <= 8 && p->a_row == 1 && p->m >= 16; }

#define CK_BODY "product_body.inc"
#include "ck_dispatch.h"

void ck_product_run(const void *parameters, void *const *operands) {
#if defined(__x86_64__)
  // Half of a register of sixteen would be empty, and results go through a place of their own.
  const ck_product *p = parameters;
  bool is_narrow = p->n > 1 && p->n <= 8 && !lies_turned(p);
  if (is_narrow && ck_instruction_set_in_use() == CK_AVX512) return multiply_avx2(parameters, operands);
#endif
  CK_DISPATCH(multiply)(parameters, operands);
}
