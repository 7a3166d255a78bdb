#include "ck_blocked_product.h"

#include <stdbool.h>

#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Rows of a and columns of b that meet in registers; steps of the inner extent whose strip of b stays in the first-level
// cache; numbers of a, and of b, whose blocks share the second-level cache, and of a that is not worth parting.
enum { ROWS = 6, COLUMNS = 16, STEPS = 512, ROW_BLOCK = 32768, WHOLE_ROWS = 98304, COLUMN_BLOCK = 81920, STRIP_GROUP = 4, BLOCK_GROUP = 8, UNITS = 8 };

// Multiplications that are worth a second thread; and those below which one thread is faster without laying out rows and columns.
static const double shared_work = 3e5, laid_out_work = 1e6;

// Results that may be made aside at once, 4 MB, where an addend lies in their place.
static const int64_t aside_numbers = 1 << 20;

// How results are cut into one rectangle for each thread.
typedef struct {
  const ck_blocked_product *p;
  void *const *operands;
  int64_t row_parts, column_parts;
  int64_t units;           // slices of each rectangle that threads take from each other
  bool units_are_columns;  // or rows
  int pieces;              // of a thread's slices
  ck_product_kernel multiply;  // for parts that lay nothing out
} job;

// What moves with each result; `moved` is 0 where nothing does.
typedef struct {
  float factor;
  const float *point;
  float *moved;
} follower;

static int64_t up(int64_t n, int64_t step) { return (n + step - 1) / step; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

enum { LINE = 64 };

// Lines of what will be multiplied next. They are on their way to the second-level cache while the block before is multiplied: where
// each number is used only some dozens of times, fetching takes as long as a fifth of the multiplying.
typedef struct {
  const char *at;
  int64_t lines, share;        // still to be asked for; for each tile that is multiplied meanwhile
  int64_t in_row, left, jump;  // lines that lie together, those left of them, bytes from their end to the next ones
} fetch;

// A matrix one side of which lies dense; nothing where neither does.
static fetch fetch_matrix(const float *x, int64_t rows, int64_t columns, int64_t row, int64_t column, int64_t tiles) {
  if (column != 1 && row != 1) return (fetch){0};
  int64_t in_row = up(4 * (column == 1 ? columns : rows), LINE), lines = in_row * (column == 1 ? rows : columns);
  return (fetch){(const char *)x, lines, up(lines, tiles), in_row, in_row, 4 * (column == 1 ? row : column) - in_row * LINE};
}

static inline void fetch_share(fetch *f) {
  for (int64_t i = 0; i < f->share && f->lines > 0; i++, f->lines--) {
    __builtin_prefetch(f->at, 0, 2);
    f->at += LINE;
    if (--f->left > 0) continue;
    f->left = f->in_row;
    f->at += f->jump;
  }
}

// Results that are made by blocks of rows, of columns, and of steps.
typedef struct {
  int64_t top, bottom, height, left, right, width, steps;
} rectangle;

typedef struct {
  fetch rows, columns;
} next_block;

// What is met for the first time, or again after much else, when rows from i on are done with columns from j on over steps from `start` on:
// further rows, then columns, then steps.
static next_block fetch_next(const ck_product *p, const float *a, const float *b, rectangle r, int64_t i, int64_t j, int64_t start) {
  int64_t tiles = up(least(r.height, r.bottom - i), ROWS) * up(least(r.width, r.right - j), COLUMNS);
  bool has_all_rows = r.height >= r.bottom - r.top, ends_rows = i + r.height >= r.bottom, ends_columns = j + r.width >= r.right;
  i = ends_rows ? r.top : i + r.height;
  if (ends_rows) j = ends_columns ? r.left : j + r.width;
  if (ends_rows && ends_columns) start += r.steps;
  int64_t steps = least(p->k - start, r.steps);
  next_block next = {{0}, {0}};
  if (steps <= 0) return next;
  if (!has_all_rows || ends_columns)
    next.rows = fetch_matrix(a + i * p->a_row + start * p->a_column, least(r.height, r.bottom - i), steps, p->a_row, p->a_column, tiles);
  if (ends_rows)
    next.columns = fetch_matrix(b + start * p->b_row + j * p->b_column, steps, least(r.width, r.right - j), p->b_row, p->b_column, tiles);
  return next;
}

#define CK_BODY "blocked_product_body.inc"
#include "ck_dispatch.h"

// The cut whose largest rectangle takes the least time, counting that each thread lays out its own part of b.
static void cut(job *j, int threads) {
  const ck_product *p = &j->p->each;
  double best = 0;
  for (int64_t columns = 1; columns <= threads; columns++) {
    int64_t rows = threads / columns;
    double height = (double)(up(up(p->m, ROWS), rows) * ROWS), width = (double)(up(up(p->n, COLUMNS), columns) * COLUMNS);
    double cost = height * width + 8 * width + (p->a_column == 1 ? 1 : 4) * height;
    if (best > 0 && cost >= best) continue;
    best = cost;
    j->row_parts = rows;
    j->column_parts = columns;
  }
}

// Slices of the rectangles, along the side of which less is laid out once more for each piece. Rows take half as long as columns.
// Pieces of a rectangle of 256 rows or columns take some 3 % longer each.
static void slice(job *j) {
  const ck_product *p = &j->p->each;
  int64_t rows = p->m / j->row_parts, columns = p->n / j->column_parts;
  j->units = UNITS;
  j->units_are_columns = rows < 2 * columns;
  j->pieces = (int)least(CK_PIECES, 1 + (j->units_are_columns ? columns : rows) / 256);
}

// Matrices times a column or a few, rows times matrices, and products of a few steps: nothing that is laid out would be used again.
// Items are rows of results, those of one product after another.
static void multiply_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  ck_product p = j->p->each;
  int64_t m = p.m;
  for (int64_t item = begin; item < end; item += p.m) {
    int64_t batch = item / m, row = item % m;
    p.m = least(m - row, end - item);
    if (p.addend_scale != 0) p.m = least(p.m, 1 + aside_numbers / (p.n + 1));
    void *operands[5];
    operands[0] = (float *)j->operands[0] + batch * j->p->a_step + row * p.a_row;
    operands[1] = (float *)j->operands[1] + batch * j->p->b_step;
    operands[2] = (float *)j->operands[2] + item * p.n;
    int next = 3;
    if (p.has_bias) operands[next++] = j->operands[3];
    if (p.addend_scale != 0) operands[next] = (float *)j->operands[next] + item * p.n;
    j->multiply(&p, operands);
    if (!j->p->has_follower) continue;
    void *const *own = j->operands + (p.has_bias ? 5 : 4);
    const float *c = operands[2], *point = (const float *)own[1] + item * p.n, factor = *(const float *)own[0];
    float *moved = (float *)own[2] + item * p.n;
    for (int64_t i = 0; i < p.m * p.n; i++) moved[i] = point[i] + factor * c[i];
  }
}

// One row times one matrix whose columns lie dense: a column of the product turned.
static void multiply_turned(const job *j) {
  const ck_product *p = &j->p->each;
  ck_blocked_product turned = {{p->n, 1, p->k, p->b_column, p->b_row, p->a_column, p->a_row, 0, p->addend_scale}, 1, 0, 0, 0};
  void *operands[4] = {j->operands[1], j->operands[0], j->operands[2], p->addend_scale != 0 ? j->operands[3] : 0};
  ck_blocked_product_run(&turned, operands);
}

// Small products, for which laying out takes longer than it saves. Items are products; the same chains of sums, so the same bits.
static void multiply_whole(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_product *p = &j->p->each;
  for (int64_t item = begin; item < end; item++) {
    void *operands[4] = {(float *)j->operands[0] + item * j->p->a_step, (float *)j->operands[1] + item * j->p->b_step,
                         (float *)j->operands[2] + item * p->m * p->n, p->has_bias ? j->operands[3] : 0};
    j->multiply(p, operands);
  }
}

void ck_blocked_product_run(const void *parameters, void *const *operands) {
  const ck_product *p = &((const ck_blocked_product *)parameters)->each;
  job j = {parameters, operands, 1, 1, 1, true, CK_PIECES, ck_product_kernel_of(p)};
  int threads = ck_thread_count();
  double work = (double)p->m * (double)p->n * (double)p->k;
  // So few columns would fill half a strip, and so few steps are over before anything is laid out.
  bool is_thin = (p->n <= CK_THIN && p->k <= CK_THIN_STEPS) || p->k <= CK_THIN;
  if (p->n == 1 || is_thin || (p->m == 1 && j.p->batch > 1)) {
    // Such products take as long as reading and writing what they are of.
    double row_work = (double)p->n * (double)p->k;
    int64_t grain = least(1 + (int64_t)(shared_work / 2 / (row_work > 0 ? row_work : 1)), ck_grain_for(p->n + p->k));
    ck_parallel_for(j.p->batch * p->m, grain, multiply_rows, &j);
    return;
  }
  if (p->m == 1 && p->b_column == 1) {
    double strip_work = (double)COLUMNS * (double)p->k;
    ck_parallel_for(up(p->n, COLUMNS), 1 + (int64_t)(shared_work / 2 / (strip_work > 0 ? strip_work : 1)), CK_DISPATCH(multiply_row), &j);
    return;
  }
  if (p->m == 1 && p->b_row == 1 && p->a_column == 1 && !p->has_bias) return multiply_turned(&j);
  bool is_small = work < laid_out_work && p->n > 1 && p->k <= STEPS && p->addend_scale == 0;
  if (is_small && (threads == 1 || j.p->batch >= 2 * threads)) {
    ck_parallel_for(j.p->batch, 1 + (int64_t)(shared_work / 2 / (work > 0 ? work : 1)), multiply_whole, &j);
    return;
  }
  if (j.p->batch < 2 * threads && work >= shared_work) {
    cut(&j, threads);
    if (work >= shared_work * (double)(threads * UNITS)) slice(&j);
  }
  int64_t parts = j.row_parts * j.column_parts * j.units;
  double part_work = work / (double)parts;
  int64_t grain = parts > 1 ? 1 : 1 + (int64_t)(shared_work / 2 / (part_work > 0 ? part_work : 1));
  ck_parallel_for_in_pieces(j.p->batch * parts, grain, j.pieces, CK_DISPATCH(multiply_rectangles), &j);
}
