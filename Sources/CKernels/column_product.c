#include "ck_column_product.h"

#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Rows that are multiplied at once, columns that are a thread's least, and multiplications that are worth a second thread.
enum { TOGETHER = 4, COLUMNS = 64, SHARED_WORK = 1 << 17 };

typedef struct {
  const ck_column_product *p;
  const double *a, *x;
  double *y;
} job;

#define CK_BODY "column_product_body.inc"
#include "ck_dispatch.h"

// Such products wait for the cache. Rows seldom begin where a register of eight numbers does, and to read across two lines takes as long
// as to read both: registers of four are as fast or faster.
#if defined(__x86_64__)
#define IN_FOURS(f) (ck_instruction_set_in_use() >= CK_AVX2 ? f##_avx2 : f##_portable)
#else
#define IN_FOURS(f) f##_portable
#endif

void ck_column_product_run(const ck_column_product *p, const double *a, const double *x, double *y) {
  bool has_rows = p->a_column == 1 || p->k == 1, has_columns = !has_rows && p->a_row == 1;
  int64_t k = p->x_step == 1 || !(has_rows || has_columns) ? 0 : p->k, m = p->y_step == 1 || !has_columns ? 0 : p->m;
  double *dense = ck_scratch((size_t)(k + m) * sizeof(double)), *sums = m > 0 ? dense + k : y;
  // A sum of nothing, over which no loop below would go.
  for (int64_t i = 0; i < p->m && p->k == 0 && !p->adds; i++) sums[i * (m > 0 ? 1 : p->y_step)] = 0;
  for (int64_t l = 0; l < k; l++) dense[l] = x[l * p->x_step];
  for (int64_t i = 0; i < m && p->adds; i++) sums[i] = y[i * p->y_step];
  job j = {p, a, k > 0 ? dense : x, sums};
  int64_t grain = 1 + SHARED_WORK / (p->k + 1);
  if (has_rows) {
    ck_parallel_for((p->m + TOGETHER - 1) / TOGETHER, 1 + grain / TOGETHER, IN_FOURS(multiply_by_rows), &j);
  } else if (has_columns) {
    ck_parallel_for((p->m + COLUMNS - 1) / COLUMNS, 1 + grain / COLUMNS, IN_FOURS(multiply_by_columns), &j);
  } else {
    for (int64_t i = 0; i < p->m; i++) {
      double total = p->adds ? y[i * p->y_step] : 0;
      for (int64_t l = 0; l < p->k; l++) total += a[i * p->a_row + l * p->a_column] * x[l * p->x_step];
      y[i * p->y_step] = total;
    }
  }
  for (int64_t i = 0; i < m; i++) y[i * p->y_step] = sums[i];
}
