#include "ck_product.h"

#include <stdbool.h>

#include "ck_scratch.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

#define CK_BODY "product_body.inc"
#include "ck_dispatch.h"

void ck_product_run(const void *parameters, void *const *operands) {
  CK_DISPATCH(multiply)(parameters, operands);
}
