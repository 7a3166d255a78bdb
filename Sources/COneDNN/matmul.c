#include <stdlib.h>

#include "ck_threads.h"
#include "operation.h"

// Products of fewer operations are done before a second thread has woken up (measured: 32x64x64 takes 2.0 us on one
// thread and 3.5 us on two).
static const double smallest_shared_product = 1e6;

// Rows of a product go to the threads in blocks that each thread multiplies by itself, where that is faster than the library's
// own way of sharing (measured: transposed 128 x 2048 x 512 at 228 instead of 203 GFLOP/s; others gain less, and lose where
// few rows have to pay for all columns).
static const int64_t fewest_transposed_rows = 64, fewest_rows = 512;

static cd_operation *matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                   cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_operation *o = calloc(1, sizeof *o);
  cd_descriptor da = CD_EMPTY, db = CD_EMPTY, dc = CD_EMPTY, dbias = CD_EMPTY;
  int64_t bias_dims[CD_MAX_RANK], bias_strides[CD_MAX_RANK];
  for (int i = 0; i < c->rank; i++) {
    bias_dims[i] = i == c->rank - 1 ? c->dims[i] : 1;
    bias_strides[i] = i == c->rank - 1 ? 1 : c->dims[c->rank - 1];
  }
  double operations = 2.0 * (double)a->dims[a->rank - 1];
  for (int i = 0; i < c->rank; i++) operations *= (double)c->dims[i];
  o->on_one_thread = operations < smallest_shared_product;
  if (o->on_one_thread) ck_lend_threads(1);
  dnnl_primitive_attr_t attributes = cd_attributes_with(activation, addend_scale);
  dnnl_status_t status = cd_describe(&da, a->rank, a->dims, a->strides);
  if (status == dnnl_success) status = cd_describe(&db, b->rank, b->dims, b->strides);
  if (status == dnnl_success) status = cd_describe(&dc, c->rank, c->dims, c->strides);
  if (status == dnnl_success && has_bias) status = cd_describe(&dbias, c->rank, bias_dims, bias_strides);
  if (status == dnnl_success)
    status = cd_matmul_descriptor(&o->descriptor, CD_BORROW(da), CD_BORROW(db), has_bias ? CD_BORROW(dbias) : NULL,
                                  CD_BORROW(dc), attributes);
  if (status == dnnl_success) status = cd_add_argument(o, DNNL_ARG_SRC, CD_BORROW(da), 0);
  if (status == dnnl_success) status = cd_add_argument(o, DNNL_ARG_WEIGHTS, CD_BORROW(db), 1);
  if (status == dnnl_success) status = cd_add_argument(o, DNNL_ARG_DST, CD_BORROW(dc), 2);
  if (status == dnnl_success && has_bias) status = cd_add_argument(o, DNNL_ARG_BIAS, CD_BORROW(dbias), 3);
  int operands = has_bias ? 4 : 3;
  if (addend_scale != 0) {
    o->addend_operand = operands++;
    o->addend_bytes = sizeof(float);
    for (int i = 0; i < c->rank; i++) o->addend_bytes *= (size_t)c->dims[i];
  }
  if (status == dnnl_success) status = cd_complete(o, operands);
  if (o->on_one_thread) ck_lend_threads(ck_thread_count());
  dnnl_primitive_attr_destroy(attributes);
  CD_RELEASE(da);
  CD_RELEASE(db);
  CD_RELEASE(dc);
  CD_RELEASE(dbias);
  if (status == dnnl_success) return o;
  cd_explain(error, error_size, "matrix product", status);
  cd_operation_free(o);
  return NULL;
}

// One block of rows for each thread, or NULL where the library shares the work better itself.
static cd_operation *shared_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                          cd_activation activation, float addend_scale) {
  int threads = ck_thread_count();
  int64_t rows = c->dims[0], each = (rows + threads - 1) / threads;
  each = (each + 15) / 16 * 16;
  bool transposed = a->strides[0] == 1 && a->strides[1] != 1;
  if (threads == 1 || c->rank != 2 || each < (transposed ? fewest_transposed_rows : fewest_rows)) return NULL;
  cd_operation *o = calloc(1, sizeof *o);
  o->parts = calloc((size_t)threads, sizeof *o->parts);
  o->steps[0] = sizeof(float) * (size_t)(each * a->strides[0]);
  o->steps[2] = sizeof(float) * (size_t)(each * c->dims[1]);
  o->addend_operand = addend_scale != 0 ? has_bias ? 4 : 3 : 0;
  o->operand_count = 3 + has_bias + (addend_scale != 0);
  for (int64_t first = 0; first < rows; first += each) {
    cd_view part_a = *a, part_c = *c;
    part_a.dims[0] = part_c.dims[0] = rows - first < each ? rows - first : each;
    ck_lend_threads(1);
    cd_operation *part = matmul_create(&part_a, b, &part_c, has_bias, activation, addend_scale, NULL, 0);
    ck_lend_threads(threads);
    if (!part) {
      cd_operation_free(o);
      return NULL;
    }
    part->on_one_thread = false;  // its caller has one thread anyway
    size_t needed = (part->scratch_bytes + 63) / 64 * 64;
    if (needed > o->scratch_step) o->scratch_step = needed;
    o->parts[o->part_count++] = part;
  }
  o->scratch_bytes = o->scratch_step * (size_t)o->part_count;
  return o;
}

cd_operation *cd_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                               cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_stream();
  double operations = 2.0 * (double)a->dims[a->rank - 1];
  for (int i = 0; i < c->rank; i++) operations *= (double)c->dims[i];
  cd_operation *shared = operations < smallest_shared_product
                             ? NULL
                             : shared_matmul_create(a, b, c, has_bias, activation, addend_scale);
  return shared ? shared : matmul_create(a, b, c, has_bias, activation, addend_scale, error, error_size);
}
