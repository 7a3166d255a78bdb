#include "ck_grouped_attention.h"

#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

typedef struct {
  const ck_grouped_attention *p;
  void *const *operands;
} job;

#define CK_BODY "grouped_attention_body.inc"
#include "ck_dispatch.h"

void ck_grouped_attention_forward(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->batch * j.p->heads, 1, CK_DISPATCH(attend_grouped), &j);
}

void ck_grouped_attention_gradient(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->batch * j.p->key_heads, 1, CK_DISPATCH(attend_grouped_gradient), &j);
}
