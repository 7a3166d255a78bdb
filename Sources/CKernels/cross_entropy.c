#include "ck_cross_entropy.h"

#include "ck_threads.h"
#include "ck_vector_math.h"

typedef struct {
  const ck_cross_entropy *p;
  void *const *operands;
} job;

#define CK_BODY "cross_entropy_body.inc"
#include "ck_dispatch.h"

static int64_t grain_for(const ck_cross_entropy *p) { return 1 + 8192 / (p->classes > 0 ? p->classes : 1); }

void ck_cross_entropy_forward(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->rows, grain_for(j.p), CK_DISPATCH(losses), &j);
}

void ck_cross_entropy_gradient(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->rows, grain_for(j.p), CK_DISPATCH(gradient), &j);
}
