#include "ck_decoder.h"

#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

typedef struct {
  const ck_cached_attention *p;
  const float *queries, *keys, *values;
  float *result;
} job;

#define CK_BODY "decoder_body.inc"
#include "ck_dispatch.h"

void ck_cached_attention_run(const ck_cached_attention *shape, const float *queries, const float *keys,
                             const float *values, float *result) {
  job j = {shape, queries, keys, values, result};
  int64_t work = (shape->start + shape->tokens) * shape->width;
  ck_parallel_for(shape->tokens * shape->heads, 1 + 16384 / (work > 0 ? work : 1), CK_DISPATCH(attend_cached), &j);
}

void ck_rotate_pairs(float *x, int64_t tokens, int64_t heads, int64_t width, bool adjacent, const float *cosines,
                     const float *sines) {
  CK_DISPATCH(rotate_pairs)(x, tokens, heads, width, adjacent, cosines, sines);
}

void ck_gate_by_silu(float *gate, const float *up, int64_t count) { CK_DISPATCH(gate_by_silu)(gate, up, count); }

void ck_tanh_gelu(float *x, int64_t count) { CK_DISPATCH(tanh_gelu)(x, count); }
