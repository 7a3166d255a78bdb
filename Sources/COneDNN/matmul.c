#include <stdlib.h>

#include "ck_threads.h"
#include "operation.h"

// Products of fewer operations are done before a second thread has woken up (measured: 32x64x64 takes 2.0 us on one
// thread and 3.5 us on two).
static const double smallest_shared_product = 1e6;

static double operations_of(const cd_view *a, const cd_view *c) {
  double operations = 2.0 * (double)a->dims[a->rank - 1];
  for (int i = 0; i < c->rank; i++) operations *= (double)c->dims[i];
  return operations;
}

static void note_addend(cd_operation *o, const cd_view *c, bool has_bias, float scale) {
  if (scale == 0) return;
  o->addend_operand = has_bias ? 4 : 3;
  o->addend_bytes = sizeof(float);
  for (int i = 0; i < c->rank; i++) o->addend_bytes *= (size_t)c->dims[i];
}

// Made, and run, on one thread.
static cd_operation *matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                   cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_operation *o = calloc(1, sizeof *o);
  cd_descriptor da = CD_EMPTY, db = CD_EMPTY, dc = CD_EMPTY, dbias = CD_EMPTY;
  int64_t bias_dims[CD_MAX_RANK], bias_strides[CD_MAX_RANK];
  for (int i = 0; i < c->rank; i++) {
    bias_dims[i] = i == c->rank - 1 ? c->dims[i] : 1;
    bias_strides[i] = i == c->rank - 1 ? 1 : c->dims[c->rank - 1];
  }
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
  note_addend(o, c, has_bias, addend_scale);
  if (status == dnnl_success) status = cd_complete(o, 3 + has_bias + (addend_scale != 0));
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

// How a product is shared out: the number of blocks along its first batch axis, its rows, columns and steps, and their sizes.
typedef struct {
  int64_t batches, rows, columns, steps;
  int64_t each_batch, each_row, each_column, each_step;
} grid;

static int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Sizes of blocks are multiples of this many rows and columns, the library's own.
enum { UNIT = 16 };

// A block takes the time of its operations, and of laying out what it reads, which costs about as much as this many
// operations on each number.
static const double layout_cost = 16;

// Columns that two threads write lie in the same pages, and at a distance for each of them: so many times the time (measured:
// transposed 784 x 128 x 512 with an addend at 115 GFLOP/s by rows, 79 by columns).
static const double column_cost = 1.15;

// Steps of a small result are shared out where there are so many for each thread; sums of parts are added then.
enum { FEWEST_STEPS = 2048, MOST_SUMMED = 64 * 64 };

static int64_t shorter(int64_t each, int64_t left) { return each < left ? each : left; }

static grid grid_for(const cd_view *c, int64_t steps, bool may_sum, int threads) {
  int64_t batches = c->rank > 2 ? c->dims[0] : 1, rows = c->dims[c->rank - 2], columns = c->dims[c->rank - 1];
  grid g = {1, 1, 1, 1, batches, rows, columns, steps};
  double least = 0;
  for (int64_t b = 1; b <= shorter(batches, threads); b++) {
    for (int64_t r = 1; r <= threads / b; r++) {
      int64_t batch = ceiling(batches, b), row = shorter(ceiling(ceiling(rows, r), UNIT) * UNIT, rows);
      int64_t column = shorter(ceiling(ceiling(columns, threads / b / r), UNIT) * UNIT, columns);
      double time = (double)batch * ((double)row * (double)column + layout_cost * (double)(row + column));
      if (column < columns) time *= column_cost;
      if (least > 0 && time >= least) continue;
      least = time;
      g = (grid){ceiling(batches, batch), ceiling(rows, row), ceiling(columns, column), 1, batch, row, column, steps};
    }
  }
  if (may_sum && g.batches * g.rows * g.columns < threads && batches == 1 && rows * columns <= MOST_SUMMED &&
      steps / FEWEST_STEPS > g.rows * g.columns) {
    int64_t parts = shorter(threads, steps / FEWEST_STEPS), step = ceiling(ceiling(steps, parts), UNIT) * UNIT;
    g = (grid){1, 1, 1, ceiling(steps, step), 1, rows, columns, step};
  }
  return g;
}

// One block of the result for each thread: our own threads, which give up a core to others. NULL where there is one block only.
static cd_operation *shared_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                          cd_activation activation, float addend_scale) {
  int threads = ck_thread_count(), row = c->rank - 2, column = c->rank - 1;
  int64_t steps = a->dims[column];
  // A block is worth a thread from half of what is worth two.
  int64_t worthwhile = (int64_t)(2 * operations_of(a, c) / smallest_shared_product);
  grid g = grid_for(c, steps, c->rank == 2 && activation == CD_IDENTITY, (int)shorter(threads, worthwhile));
  int64_t blocks = g.batches * g.rows * g.columns, count = blocks * g.steps;
  if (count <= 1) return NULL;
  cd_operation *o = calloc(1, sizeof *o);
  o->parts = calloc((size_t)count, sizeof *o->parts);
  o->operand_count = 3 + has_bias + (addend_scale != 0);
  note_addend(o, c, has_bias, addend_scale);
  // Blocks of whole rows copy what is added to them themselves.
  o->copies_addend = g.columns > 1 || g.steps > 1 || (g.rows > 1 && c->rank > 2);
  if (g.steps > 1) o->sum_bytes = sizeof(float) * (size_t)(c->dims[row] * c->dims[column]);
  for (int64_t i = 0; i < count; i++) {
    int64_t first_step = i / blocks * g.each_step, batch = i % blocks / (g.rows * g.columns) * g.each_batch;
    int64_t first_row = i / g.columns % g.rows * g.each_row, first_column = i % g.columns * g.each_column;
    // What is added to the product is added once.
    bool is_first = first_step == 0;
    cd_view part_a = *a, part_b = *b, part_c = *c;
    if (c->rank > 2) part_a.dims[0] = part_b.dims[0] = part_c.dims[0] = shorter(g.each_batch, c->dims[0] - batch);
    part_a.dims[row] = part_c.dims[row] = shorter(g.each_row, c->dims[row] - first_row);
    part_b.dims[column] = part_c.dims[column] = shorter(g.each_column, c->dims[column] - first_column);
    part_a.dims[column] = part_b.dims[row] = shorter(g.each_step, steps - first_step);
    ck_lend_threads(1);
    cd_operation *part =
        matmul_create(&part_a, &part_b, &part_c, has_bias && is_first, activation, is_first ? addend_scale : 0, NULL, 0);
    ck_lend_threads(threads);
    if (!cd_add_part(o, part)) {
      cd_operation_free(o);
      return NULL;
    }
    int64_t skipped = c->rank > 2 ? batch : 0;
    part->offsets[0] = sizeof(float) * (size_t)(skipped * a->strides[0] + first_row * a->strides[row] + first_step * a->strides[column]);
    part->offsets[1] = sizeof(float) * (size_t)(skipped * b->strides[0] + first_column * b->strides[column] + first_step * b->strides[row]);
    part->offsets[2] = sizeof(float) * (size_t)(skipped * c->strides[0] + first_row * c->strides[row] + first_column * c->strides[column]);
    if (has_bias) part->offsets[3] = sizeof(float) * (size_t)first_column;
    if (o->addend_operand) part->offsets[o->addend_operand] = part->offsets[2];
  }
  o->scratch_bytes = o->scratch_step * (size_t)o->part_count + cd_sum_step(o) * (size_t)(o->part_count - 1);
  return o;
}

cd_operation *cd_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                               cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_stream();
  cd_operation *shared = operations_of(a, c) < smallest_shared_product
                             ? NULL
                             : shared_matmul_create(a, b, c, has_bias, activation, addend_scale);
  if (shared) return shared;
  int threads = ck_thread_count();
  ck_lend_threads(1);
  cd_operation *o = matmul_create(a, b, c, has_bias, activation, addend_scale, error, error_size);
  ck_lend_threads(threads);
  if (o) o->on_one_thread = true;
  return o;
}
