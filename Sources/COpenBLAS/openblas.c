#include "COpenBLAS.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ck_column_product.h"
#include "ck_threads.h"

void openblas_set_num_threads(int count);
char *openblas_get_config(void);

const char *cb_version(void) { return openblas_get_config(); }

// OpenBLAS keeps one number of threads for the whole process, and its results depend on it even for tiny matrices:
// what one thread sets would change another's bits. So it always works on one thread, and large products are shared out
// here, by the number of threads that the caller has.
static void set_one_thread(void) {
  openblas_set_num_threads(1);
  // Where OpenBLAS is built on OpenMP that was a setting of the caller's, which other libraries use too.
  ck_lend_threads(ck_thread_count());
}

static void keep_to_one_thread(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_one_thread);
}

// How BLAS sees a strided matrix, or false where neither of its strides is 1.
static bool blas_layout(int64_t rows, int64_t columns, int64_t row_stride, int64_t column_stride,
                        CBLAS_TRANSPOSE *transpose, int *leading) {
  if (column_stride == 1 || columns == 1) {
    *transpose = CblasNoTrans;
    *leading = (int)(rows == 1 && row_stride < columns ? columns : row_stride);
    return *leading >= columns;
  }
  if (row_stride == 1 || rows == 1) {
    *transpose = CblasTrans;
    *leading = (int)(columns == 1 && column_stride < rows ? rows : column_stride);
    return *leading >= rows;
  }
  return false;
}

static void plain_product(int64_t m, int64_t n, int64_t k, const double *a, int64_t am, int64_t ak, const double *b,
                          int64_t bk, int64_t bn, double *c, int64_t cm, int64_t cn, bool accumulate) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double total = accumulate ? c[i * cm + j * cn] : 0;
      for (int64_t l = 0; l < k; l++) total += a[i * am + l * ak] * b[l * bk + j * bn];
      c[i * cm + j * cn] = total;
    }
}

// Multiplications and additions that are worth a thread of their own; the rows for which `dgemm` copies the other matrix at little
// cost; the most blocks of a product.
enum { SHARED_WORK = 1 << 18, BLOCK_ROWS = 64, BLOCKS = 64 };

// A product whose rows are shared among threads, in blocks. OpenBLAS adds up the last rows of a product in another order: the blocks
// follow from the shape alone, so that neither the number of threads nor who is busy changes a bit.
typedef struct {
  CBLAS_TRANSPOSE ta, tb;
  int64_t m, n, k, row_stride, rows;  // rows of a block
  int la, lb, lc;
  const double *a, *b;
  double *c;
  bool accumulate;
} row_blocks;

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void multiply_blocks(void *context, int64_t begin, int64_t end) {
  const row_blocks *p = context;
  for (int64_t block = begin; block < end; block++) {
    int64_t first = block * p->rows, rows = least(p->rows, p->m - first);
    cblas_dgemm(CblasRowMajor, p->ta, p->tb, (int)rows, (int)p->n, (int)p->k, 1, p->a + first * p->row_stride, p->la, p->b, p->lb,
                p->accumulate ? 1 : 0, p->c + first * p->lc, p->lc);
  }
}

static void product(int64_t m, int64_t n, int64_t k, const double *a, int64_t am, int64_t ak, const double *b,
                    int64_t bk, int64_t bn, double *c, int64_t cm, int64_t cn, bool accumulate) {
  // A matrix times a column, or a row times a matrix: `dgemm` would copy the matrix, which takes longer than to multiply, and `dgemv`
  // takes a lock for each.
  if (n == 1 || m == 1) {
    ck_column_product column = n == 1 ? (ck_column_product){m, k, am, ak, bk, cm, accumulate}
                                      : (ck_column_product){n, k, bn, bk, ak, cn, accumulate};
    ck_column_product_run(&column, n == 1 ? a : b, n == 1 ? b : a, c);
    return;
  }
  CBLAS_TRANSPOSE ta, tb, tc;
  int la, lb, lc;
  // Small products, and strides that BLAS cannot take.
  if (m * n * k <= 512 || !blas_layout(m, k, am, ak, &ta, &la) || !blas_layout(k, n, bk, bn, &tb, &lb) ||
      !blas_layout(m, n, cm, cn, &tc, &lc) || tc != CblasNoTrans) {
    plain_product(m, n, k, a, am, ak, b, bk, bn, c, cm, cn, accumulate);
    return;
  }
  keep_to_one_thread();
  int64_t rows = least(BLOCK_ROWS, (m + 31) / 32 * 8);  // a quarter of the rows, in eights
  rows = most(most(rows, (m + BLOCKS - 1) / BLOCKS), 1 + SHARED_WORK / (n * k));
  row_blocks blocks = {ta, tb, m, n, k, am, rows, la, lb, lc, a, b, c, accumulate};
  ck_parallel_for((m + rows - 1) / rows, 1, multiply_blocks, &blocks);
}

void cb_matmul_run(const void *parameters, void *const *operands) {
  const cb_matmul *p = parameters;
  int rank = p->c.rank;
  int64_t batches = 1;
  for (int i = 0; i < rank - 2; i++) batches *= p->c.dims[i];
  for (int64_t batch = 0; batch < batches; batch++) {
    int64_t rest = batch, at_a = 0, at_b = 0, at_c = 0;
    for (int i = rank - 3; i >= 0; i--) {
      int64_t index = rest % p->c.dims[i];
      rest /= p->c.dims[i];
      at_a += index * p->a.strides[i];
      at_b += index * p->b.strides[i];
      at_c += index * p->c.strides[i];
    }
    product(p->c.dims[rank - 2], p->c.dims[rank - 1], p->a.dims[rank - 1], (const double *)operands[0] + at_a,
            p->a.strides[rank - 2], p->a.strides[rank - 1], (const double *)operands[1] + at_b, p->b.strides[rank - 2],
            p->b.strides[rank - 1], (double *)operands[2] + at_c, p->c.strides[rank - 2], p->c.strides[rank - 1],
            p->accumulate);
  }
}

// Convolutions by unfolding one image into a matrix [output positions, kernel * channels of a group].

static int64_t unfolded_width(const cb_convolution *s) {
  return s->kernel_height * s->kernel_width * (s->channels / s->groups);
}

size_t cb_convolution_scratch_bytes(const cb_convolution *s) {
  return (size_t)(s->output_height * s->output_width * unfolded_width(s)) * sizeof(double);
}

// Copies between an image and its unfolded matrix; `back` adds the matrix into the image.
static void unfold(const cb_convolution *s, int64_t group, double *image, double *matrix, bool back) {
  int64_t inner = s->channels / s->groups;
  for (int64_t oy = 0; oy < s->output_height; oy++)
    for (int64_t ox = 0; ox < s->output_width; ox++)
      for (int64_t ky = 0; ky < s->kernel_height; ky++)
        for (int64_t kx = 0; kx < s->kernel_width; kx++) {
          int64_t y = oy * s->stride_height + ky * s->dilation_height - s->pad_top;
          int64_t x = ox * s->stride_width + kx * s->dilation_width - s->pad_left;
          bool inside = y >= 0 && y < s->height && x >= 0 && x < s->width;
          double *pixel = image + (y * s->width + x) * s->channels + group * inner;
          if (back) {
            if (inside)
              for (int64_t c = 0; c < inner; c++) pixel[c] += matrix[c];
          } else if (inside) {
            memcpy(matrix, pixel, (size_t)inner * sizeof(double));
          } else {
            memset(matrix, 0, (size_t)inner * sizeof(double));
          }
          matrix += inner;
        }
}

typedef enum { FORWARD, DATA, WEIGHTS } direction;

static void convolve(const cb_convolution *s, direction d, double *source, double *weights, double *destination,
                     double *matrix) {
  int64_t width = unfolded_width(s), positions = s->output_height * s->output_width;
  int64_t features = s->features / s->groups, image = s->height * s->width * s->channels;
  if (d == DATA) memset(source, 0, (size_t)(s->batch * image) * sizeof(double));
  if (d == WEIGHTS) memset(weights, 0, (size_t)(width * s->features) * sizeof(double));
  for (int64_t n = 0; n < s->batch; n++)
    for (int64_t g = 0; g < s->groups; g++) {
      double *from = source + n * image, *w = weights + g * features;
      double *to = destination + n * positions * s->features + g * features;
      if (d != DATA) unfold(s, g, from, matrix, false);
      if (d == FORWARD)
        product(positions, features, width, matrix, width, 1, w, s->features, 1, to, s->features, 1, false);
      else if (d == WEIGHTS)
        product(width, features, positions, matrix, 1, width, to, s->features, 1, w, s->features, 1, true);
      else {
        product(positions, width, features, to, s->features, 1, w, 1, s->features, matrix, width, 1, false);
        unfold(s, g, from, matrix, true);
      }
    }
}

void cb_convolution_forward_run(const void *parameters, void *const *operands) {
  convolve(parameters, FORWARD, operands[0], operands[1], operands[2], operands[3]);
}

void cb_convolution_data_gradient_run(const void *parameters, void *const *operands) {
  convolve(parameters, DATA, operands[2], operands[1], operands[0], operands[3]);
}

void cb_convolution_weight_gradient_run(const void *parameters, void *const *operands) {
  convolve(parameters, WEIGHTS, operands[0], operands[2], operands[1], operands[3]);
}

// What lies by rows is its transpose to LAPACK: a = q r there is a = l q.
static bool factorise(bool is_single, int n, void *a, void *tau) {
  int columns = n > 0 ? n : 1;
  if (is_single) return LAPACKE_sgelqf(LAPACK_COL_MAJOR, n, n, a, columns, tau) == 0;
  return LAPACKE_dgelqf(LAPACK_COL_MAJOR, n, n, a, columns, tau) == 0;
}

static bool form_basis(bool is_single, int n, void *a, const void *tau) {
  int columns = n > 0 ? n : 1;
  if (is_single) return LAPACKE_sorglq(LAPACK_COL_MAJOR, n, n, n, a, columns, tau) == 0;
  return LAPACKE_dorglq(LAPACK_COL_MAJOR, n, n, n, a, columns, tau) == 0;
}

static double at(bool is_single, const void *a, int64_t i) {
  return is_single ? (double)((const float *)a)[i] : ((const double *)a)[i];
}

void cb_orthonormal_basis_run(const void *parameters, void *const *operands) {
  const cb_orthonormal_basis *p = parameters;
  keep_to_one_thread();
  size_t width = p->is_single ? sizeof(float) : sizeof(double), bytes = (size_t)(p->n * p->n) * width;
  void *tau = malloc((size_t)(p->n > 0 ? p->n : 1) * width);
  bool *turns = malloc((size_t)(p->n > 0 ? p->n : 1));
  for (int64_t item = 0; item < p->batch; item++) {
    char *q = (char *)operands[1] + (size_t)item * bytes;
    memcpy(q, (const char *)operands[0] + (size_t)item * bytes, bytes);
    bool is_done = tau && turns && factorise(p->is_single, (int)p->n, q, tau);
    if (is_done)
      for (int64_t i = 0; i < p->n; i++) turns[i] = at(p->is_single, q, i * p->n + i) < 0;
    is_done = is_done && form_basis(p->is_single, (int)p->n, q, tau);
    for (int64_t i = 0; i < p->n * p->n; i++) {
      bool turn = is_done && turns[i % p->n];
      if (is_done && !turn) continue;
      if (p->is_single) ((float *)(void *)q)[i] = is_done ? -((float *)(void *)q)[i] : (float)NAN;
      else ((double *)(void *)q)[i] = is_done ? -((double *)(void *)q)[i] : (double)NAN;
    }
  }
  free(turns);
  free(tau);
}

int cb_svd(int64_t m, int64_t n, double *a, double *u, double *s, double *vt) {
  keep_to_one_thread();
  int64_t k = m < n ? m : n;
  return LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', (int)m, (int)n, a, (int)n, s, u, (int)k, vt, (int)n);
}

int cb_symmetric_eigen(int64_t n, double *a, double *values) {
  keep_to_one_thread();
  return LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'U', (int)n, a, (int)n, values);
}

int cb_solve(int64_t n, int64_t columns, double *a, double *b) {
  keep_to_one_thread();
  int *pivots = malloc(sizeof(int) * (size_t)(n > 0 ? n : 1));
  int info = LAPACKE_dgesv(LAPACK_ROW_MAJOR, (int)n, (int)columns, a, (int)n, pivots, b, (int)columns);
  free(pivots);
  return info;
}

int cb_cholesky(int64_t n, double *a) {
  keep_to_one_thread();
  return LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (int)n, a, (int)n);
}

int cb_least_squares(int64_t m, int64_t n, double *a, double *b) {
  keep_to_one_thread();
  return LAPACKE_dgels(LAPACK_ROW_MAJOR, 'N', (int)m, (int)n, 1, a, (int)n, b, 1);
}
