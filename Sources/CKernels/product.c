#include "ck_product.h"

#include <stdbool.h>

#include "ck_scratch.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Most rows of a panel.
enum { PANEL_ROWS = 8 };

// Few columns of rows that lie side by side are rows of the turned product, whose columns lie dense. One column alone is worth it
// for as few rows as a vector has.
static bool lies_turned(const ck_product *p) { return p->n <= 8 && p->a_row == 1 && p->m >= (p->n == 1 ? 8 : 16); }

#define CK_BODY "product_body.inc"
#include "ck_dispatch.h"

ck_product_kernel ck_product_kernel_of(const ck_product *p) {
#if defined(__x86_64__)
  // A register of sixteen would be half empty (1.3 to 2.5 times as long), and fewer turned rows would be done one by one.
  bool is_narrow = lies_turned(p) ? p->m < 16 : p->n > 1 && p->n <= 8;
  if (is_narrow && ck_instruction_set_in_use() == CK_AVX512) return multiply_avx2;
#endif
  return CK_DISPATCH(multiply);
}

void ck_product_run(const void *parameters, void *const *operands) { ck_product_kernel_of(parameters)(parameters, operands); }
