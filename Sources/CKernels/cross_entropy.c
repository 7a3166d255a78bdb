#include "ck_cross_entropy.h"

#include <string.h>

#include "ck_threads.h"
#include "ck_vector_math.h"

typedef struct {
  const ck_cross_entropy *p;
  void *const *operands;
} job;

// Rows of fewer classes than this are done together, as many of them.
enum { TOGETHER = 16 };

#define CK_BODY "cross_entropy_body.inc"
#include "ck_dispatch.h"

void ck_cross_entropy_forward(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->rows, ck_grain_for(2 * j.p->classes), CK_DISPATCH(losses), &j);
}

void ck_cross_entropy_gradient(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->rows, ck_grain_for(2 * j.p->classes), CK_DISPATCH(gradient), &j);
}
