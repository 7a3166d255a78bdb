#include "ck_layer_norm.h"

#include "ck_threads.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Rows are added up in so many parts, whatever the number of threads, so that sums do not depend on it.
enum { PARTS = 16 };

typedef struct {
  const ck_layer_norm *p;
  void *const *operands;
} job;

#define CK_BODY "layer_norm_body.inc"
#include "ck_dispatch.h"

void ck_layer_norm_forward(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  ck_parallel_for(j.p->rows, ck_grain_for(2 * j.p->width), CK_DISPATCH(normalise), &j);
}

void ck_layer_norm_gradient(const void *parameters, void *const *operands) {
  job j = {parameters, operands};
  int64_t rows_of_part = j.p->rows / PARTS + 1;
  ck_parallel_for(PARTS, 1 + ck_grain_for(2 * j.p->width) / rows_of_part, CK_DISPATCH(normalise_gradient), &j);
  const float *sums = operands[8];
  int64_t width = j.p->width;
  for (int which = 0; which < 2; which++) {
    float *into = operands[6 + which];
    for (int64_t c = 0; c < width; c++) into[c] = 0;
    for (int part = 0; part < PARTS; part++)
      for (int64_t c = 0; c < width; c++) into[c] += sums[(2 * part + which) * width + c];
  }
}

int64_t ck_layer_norm_scratch_bytes(const ck_layer_norm *shape) { return PARTS * 2 * shape->width * 4; }
