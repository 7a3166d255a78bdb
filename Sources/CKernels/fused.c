#include "ck_fused.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ck_fused_cut.h"
#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_vector_math.h"

#include "fused_operations.h"

#define CK_BODY "fused_body.inc"
#include "ck_dispatch.h"

// One run of a kernel.
typedef struct {
  const ck_fused *k;
  const ck_fused_cut *c;
  void *const *operands;
  void (*evaluate)(const ck_fused *, void *const *, int64_t);
  void (*reduce)(const ck_fused_reduction *, bool, const void *, int64_t, int64_t, void *);
} fused_run;

// Words that stand for numbers of any type when they are only moved.
typedef int32_t __attribute__((may_alias)) word32;
typedef int64_t __attribute__((may_alias)) word64;

static void splat(void *target, ck_type type, const void *value, int64_t n) {
  if (type == CK_FLOAT64) {
    word64 v = *(const word64 *)value, *t = target;
    for (int64_t i = 0; i < n; i++) t[i] = v;
  } else if (type == CK_BOOL) {
    memset(target, *(const uint8_t *)value, (size_t)n);
  } else {
    word32 v = *(const word32 *)value, *t = target;
    for (int64_t i = 0; i < n; i++) t[i] = v;
  }
}

#define STRIDED(T)                                                                            \
  do {                                                                                        \
    const T *s = source;                                                                      \
    T *t = target;                                                                            \
    for (int64_t r = 0; r < rows; r++)                                                        \
      for (int64_t j = 0; j < columns; j++) t[r * columns + j] = s[r * row_stride + j * column_stride]; \
  } while (0)

static void load_tile(void *target, ck_type type, const void *source, int64_t rows, int64_t columns,
                      int64_t row_stride, int64_t column_stride) {
  int64_t bytes = ck_type_bytes(type);
  if (column_stride == 1 && row_stride == 0 && rows > 0) {
    // One row again and again: what is there is doubled.
    int64_t done = columns * bytes, total = rows * done;
    memcpy(target, source, (size_t)done);
    for (int64_t next; done < total; done += next) {
      next = done < total - done ? done : total - done;
      memcpy((char *)target + done, target, (size_t)next);
    }
  } else if (column_stride == 1) {
    for (int64_t r = 0; r < rows; r++)
      memcpy((char *)target + r * columns * bytes, (const char *)source + r * row_stride * bytes,
             (size_t)(columns * bytes));
  } else if (column_stride == 0) {
    for (int64_t r = 0; r < rows; r++)
      splat((char *)target + r * columns * bytes, type, (const char *)source + r * row_stride * bytes, columns);
  } else if (bytes == 8) {
    STRIDED(word64);
  } else if (bytes == 4) {
    STRIDED(word32);
  } else {
    STRIDED(uint8_t);
  }
}

#define SCATTER(T)                                                                            \
  do {                                                                                        \
    const T *s = source;                                                                      \
    T *t = target;                                                                            \
    for (int64_t r = 0; r < rows; r++)                                                        \
      for (int64_t j = 0; j < columns; j++) t[r * row_stride + j * column_stride] = s[r * columns + j]; \
  } while (0)

static void store_tile(const void *source, ck_type type, void *target, int64_t rows, int64_t columns,
                       int64_t row_stride, int64_t column_stride) {
  int64_t bytes = ck_type_bytes(type);
  if (column_stride == 1) {
    for (int64_t r = 0; r < rows; r++)
      memcpy((char *)target + r * row_stride * bytes, (const char *)source + r * columns * bytes,
             (size_t)(columns * bytes));
  } else if (bytes == 8) SCATTER(word64);
  else if (bytes == 4) SCATTER(word32);
  else SCATTER(uint8_t);
}

static void fill_identity(const ck_fused_reduction *r, void *into, int64_t n) {
  double single = r->kind == CK_REDUCE_SUM ? 0 : r->kind == CK_REDUCE_MAXIMUM ? -INFINITY : INFINITY;
  int32_t whole = r->kind == CK_REDUCE_SUM ? 0 : r->kind == CK_REDUCE_MAXIMUM ? INT_MIN : INT_MAX;
  float narrow = (float)single;
  const void *value = r->type == CK_FLOAT64 ? (const void *)&single : r->type == CK_FLOAT32 ? (const void *)&narrow : &whole;
  splat(into, (ck_type)r->type, value, n);
}

// The units of a tile: at once where they follow one another as their rows do.
static void load_units(void *target, ck_type type, const void *source, int64_t units, int64_t rows, int64_t columns,
                       int64_t unit_stride, int64_t row_stride, int64_t column_stride) {
  if (units > 1 && unit_stride == rows * row_stride) {
    rows *= units;
    units = 1;
  }
  int64_t bytes = ck_type_bytes(type);
  for (int64_t u = 0; u < units; u++)
    load_tile((char *)target + u * rows * columns * bytes, type, (const char *)source + u * unit_stride * bytes, rows, columns,
              row_stride, column_stride);
}

static void store_units(const void *source, ck_type type, void *target, int64_t units, int64_t rows, int64_t columns,
                        int64_t unit_stride, int64_t row_stride, int64_t column_stride) {
  int64_t bytes = ck_type_bytes(type);
  for (int64_t u = 0; u < units; u++)
    store_tile((const char *)source + u * rows * columns * bytes, type, (char *)target + u * unit_stride * bytes, rows, columns,
               row_stride, column_stride);
}

// What a broadcast register holds, so that it is filled once and not for every tile.
typedef struct {
  const void *source;
  int64_t units, rows, columns;
} filled;

typedef struct {
  void *registers[CK_FUSED_MAX_REGISTERS];
  filled seen[CK_FUSED_MAX_REGISTERS];
  void *own[CK_FUSED_MAX_REGISTERS];
} worker;

// Whether elements lie as a tile needs them.
static bool is_dense(int64_t units, int64_t rows, int64_t columns, int64_t unit_stride, int64_t row_stride, int64_t column_stride) {
  return (columns == 1 || column_stride == 1) && (rows == 1 || row_stride == columns) && (units == 1 || unit_stride == rows * columns);
}

static void run_tile(const fused_run *run, worker *w, const int64_t *index, int64_t row, int64_t column, int64_t units,
                     int64_t rows, int64_t columns) {
  const ck_fused *k = run->k;
  const ck_fused_cut *c = run->c;
  for (int i = 0; i < k->input_count; i++) {
    const ck_fused_input *in = &k->inputs[i];
    int64_t column_stride = in->strides[c->column_axis], row_stride = c->row_axis < 0 ? 0 : in->strides[c->row_axis];
    int64_t unit_stride = c->group_axis < 0 ? 0 : in->strides[c->group_axis];
    int64_t at = in->offset + column * column_stride + row * row_stride;
    for (int axis = 0; axis < k->rank; axis++) at += index[axis] * in->strides[axis];
    const char *source = (const char *)run->operands[in->operand] + at * ck_type_bytes((ck_type)in->type);
    if (is_dense(units, rows, columns, unit_stride, row_stride, column_stride)) {
      w->registers[in->reg] = (void *)source;
      continue;
    }
    w->registers[in->reg] = w->own[in->reg];
    filled *seen = &w->seen[in->reg];
    bool repeats = (row_stride == 0 || rows == 1) && (unit_stride == 0 || units == 1);
    if (repeats && seen->source == source && seen->units == units && seen->rows == rows && seen->columns == columns) continue;
    *seen = (filled){repeats ? source : NULL, units, rows, columns};
    load_units(w->own[in->reg], (ck_type)in->type, source, units, rows, columns, unit_stride, row_stride, column_stride);
  }
  void *targets[CK_FUSED_MAX_REGISTERS];
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    int64_t column_stride = out->strides[c->column_axis], row_stride = c->row_axis < 0 ? 0 : out->strides[c->row_axis];
    int64_t unit_stride = c->group_axis < 0 ? 0 : out->strides[c->group_axis];
    int64_t at = out->offset + column * column_stride + row * row_stride;
    for (int axis = 0; axis < k->rank; axis++) at += index[axis] * out->strides[axis];
    char *target = (char *)run->operands[out->operand] + at * ck_type_bytes((ck_type)out->type);
    bool dense = is_dense(units, rows, columns, unit_stride, row_stride, column_stride);
    w->registers[out->reg] = dense ? (void *)target : w->own[out->reg];
    targets[i] = dense ? NULL : target;
  }
  run->evaluate(k, w->registers, units * rows * columns);
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    if (targets[i])
      store_units(w->registers[out->reg], (ck_type)out->type, targets[i], units, rows, columns,
                  c->group_axis < 0 ? 0 : out->strides[c->group_axis], c->row_axis < 0 ? 0 : out->strides[c->row_axis],
                  out->strides[c->column_axis]);
  }
}

// One tile's reductions, which go on from what is in `into`.
static void reduce_tile(const fused_run *run, const worker *w, int64_t units, int64_t rows, int64_t columns, char *const *into) {
  const ck_fused_cut *c = run->c;
  for (int i = 0; i < run->k->reduction_count; i++) {
    const ck_fused_reduction *r = &run->k->reductions[i];
    const char *x = w->registers[r->reg];
    int64_t bytes = ck_type_bytes((ck_type)r->type);
    if (c->columns_kept) {
      for (int64_t u = 0; u < units; u++)
        run->reduce(r, false, x + u * rows * columns * bytes, rows, columns, into[i] + u * columns * bytes);
    } else if (c->rows_kept && c->row_axis >= 0) {
      run->reduce(r, true, x, units * rows, columns, into[i]);
    } else {
      run->reduce(r, true, x, units, rows * columns, into[i]);
    }
  }
}

// Numbers below 1.2e-38 count as zero inside of kernels: decaying velocities would else make each operation a hundred
// times slower.
static unsigned flush_subnormals(void) {
#if defined(__x86_64__)
  unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(before | 0x8040);
  return before;
#else
  return 0;
#endif
}

static void restore_subnormals(unsigned before) {
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(before);
#else
  (void)before;
#endif
}

static void run_items(void *context, int64_t begin, int64_t end) {
  unsigned mode = flush_subnormals();
  const fused_run *run = context;
  const ck_fused_cut *c = run->c;
  const ck_fused *k = run->k;
  worker w;
  size_t register_bytes = (size_t)(c->tile * c->element_bytes);
  char *memory = ck_scratch(register_bytes * (size_t)k->register_count);
  for (int r = 0; r < k->register_count; r++) {
    w.own[r] = w.registers[r] = memory + (size_t)r * register_bytes;
    w.seen[r].source = NULL;
  }
  for (int i = 0; i < k->constant_count; i++) {
    const ck_fused_constant *constant = &k->constants[i];
    float single = (float)constant->value;
    int32_t whole = constant->type == CK_INT32 ? (int32_t)constant->value : 0;
    uint8_t flag = constant->value != 0;
    const void *value = constant->type == CK_FLOAT64   ? (const void *)&constant->value
                        : constant->type == CK_FLOAT32 ? (const void *)&single
                        : constant->type == CK_INT32   ? (const void *)&whole
                                                       : (const void *)&flag;
    splat(w.own[constant->reg], (ck_type)constant->type, value, c->group * c->rows * c->columns);
  }
  int64_t height = c->row_axis < 0 ? 1 : k->dims[c->row_axis], width = k->dims[c->column_axis];
  int64_t index[CK_FUSED_MAX_RANK] = {0};
  for (int64_t item = begin; item < end; item++) {
    int64_t unit = item / c->parts, part = item % c->parts;
    int64_t row_block = 0, column_block = 0, rest = unit;
    if (c->columns_kept) {
      column_block = rest % c->column_blocks;
      rest /= c->column_blocks;
    }
    if (c->rows_kept) {
      row_block = rest % c->row_blocks;
      rest /= c->row_blocks;
    }
    int64_t units = 1;
    int outer = c->kept_count;
    if (c->group_axis >= 0) {
      int64_t length = k->dims[c->group_axis], blocks = (length + c->group - 1) / c->group, first = rest % blocks * c->group;
      rest /= blocks;
      outer--;
      index[c->group_axis] = first;
      units = length - first < c->group ? length - first : c->group;
    }
    for (int i = outer - 1; i >= 0; i--) {
      int axis = c->kept[i];
      index[axis] = rest % k->dims[axis];
      rest /= k->dims[axis];
    }
    // Where this unit's results start among the kept elements, and how many they are.
    int64_t start = 0, results = 1;
    for (int i = 0; i < c->kept_count; i++) start += index[c->kept[i]] * c->kept_strides[c->kept[i]];
    if (c->rows_kept && c->row_axis >= 0) start += row_block * c->rows * c->kept_strides[c->row_axis];
    if (c->columns_kept) start += column_block * c->columns;
    int64_t kept_rows = c->rows_kept && c->row_axis >= 0
                            ? (height - row_block * c->rows < c->rows ? height - row_block * c->rows : c->rows)
                            : 1;
    int64_t kept_columns =
        c->columns_kept ? (width - column_block * c->columns < c->columns ? width - column_block * c->columns : c->columns)
                        : 1;
    results = units * kept_rows * kept_columns;
    char *into[CK_FUSED_MAX_REGISTERS];
    int64_t partial_offset = 0;
    for (int i = 0; i < k->reduction_count; i++) {
      const ck_fused_reduction *r = &k->reductions[i];
      int64_t bytes = ck_type_bytes((ck_type)r->type);
      into[i] = c->parts == 1 ? (char *)run->operands[r->operand] + start * bytes
                              : c->partials + partial_offset + (part * c->kept_elements + start) * bytes;
      partial_offset += c->parts * c->kept_elements * 8;
      fill_identity(r, into[i], results);
    }
    int64_t first = c->steps * part / c->parts, beyond = c->steps * (part + 1) / c->parts;
    for (int64_t step = first; step < beyond; step++) {
      int64_t remaining = step;
      if (!c->columns_kept) {
        column_block = remaining % c->column_blocks;
        remaining /= c->column_blocks;
      }
      if (!c->rows_kept) {
        row_block = remaining % c->row_blocks;
        remaining /= c->row_blocks;
      }
      for (int i = c->reduced_count - 1; i >= 0; i--) {
        int axis = c->reduced[i];
        index[axis] = remaining % k->dims[axis];
        remaining /= k->dims[axis];
      }
      int64_t row = row_block * c->rows, column = column_block * c->columns;
      int64_t rows = height - row < c->rows ? height - row : c->rows;
      int64_t columns = width - column < c->columns ? width - column : c->columns;
      run_tile(run, &w, index, row, column, units, rows, columns);
      reduce_tile(run, &w, units, rows, columns, into);
    }
  }
  restore_subnormals(mode);
}

void ck_fused_run(const void *parameters, void *const *operands) {
  const ck_fused *k = parameters;
  const ck_fused_cut *c = k->cut;
  fused_run run = {k, c, operands, CK_DISPATCH(evaluate), CK_DISPATCH(reduce)};
  if (c->kept_elements == 0) return;
  ck_parallel_for(c->units * c->parts, c->grain, run_items, &run);
  if (c->parts > 1) {
    char *from = c->partials;
    for (int i = 0; i < k->reduction_count; i++, from += c->parts * c->kept_elements * 8) {
      const ck_fused_reduction *r = &k->reductions[i];
      fill_identity(r, operands[r->operand], c->kept_elements);
      run.reduce(r, false, from, c->parts, c->kept_elements, operands[r->operand]);
    }
  }
}

#define UNARY(OP, SLOT, T, EXPRESSION) case (OP) * 4 + (SLOT):
#define UNARY_TO(OP, SLOT, T, R, EXPRESSION) case (OP) * 4 + (SLOT):
#define BINARY(OP, SLOT, T, R, EXPRESSION) case (OP) * 4 + (SLOT):
#define TERNARY(OP, SLOT, T, EXPRESSION) case (OP) * 4 + (SLOT):
#define QUATERNARY(OP, SLOT, T, EXPRESSION) case (OP) * 4 + (SLOT):
#define QUINARY(OP, SLOT, T, EXPRESSION) case (OP) * 4 + (SLOT):
#define SELECT(SLOT, T) case CK_OP_SELECT * 4 + (SLOT):
#define GELU_AND_SLOPE(SLOT, T, F) case CK_OP_GELU_AND_SLOPE * 4 + (SLOT):
#define RELU_AND_MASK(SLOT, T) case CK_OP_RELU_AND_MASK * 4 + (SLOT):
#define KERNEL(NAME) KERNEL_##NAME

bool ck_fused_knows(uint16_t opcode) {
  switch (opcode) {
    CK_FUSED_OPERATIONS(KERNEL)
    return true;
    default: return false;
  }
}
