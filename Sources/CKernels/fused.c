#include "ck_fused.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "ck_fused_cut.h"
#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_tile.h"
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

static void fill_identity(const ck_fused_reduction *r, void *into, int64_t n) {
  double single = r->kind == CK_REDUCE_SUM ? 0 : r->kind == CK_REDUCE_MAXIMUM ? -INFINITY : INFINITY;
  int32_t whole = r->kind == CK_REDUCE_SUM ? 0 : r->kind == CK_REDUCE_MAXIMUM ? INT_MIN : INT_MAX;
  float narrow = (float)single;
  const void *value = r->type == CK_FLOAT64 ? (const void *)&single : r->type == CK_FLOAT32 ? (const void *)&narrow : &whole;
  ck_splat(into, (ck_type)r->type, value, n);
}

// What a register was filled from, so that what all tiles or some in a row share is copied once.
typedef struct {
  const void *source;
  ck_tile size;
} filled;

typedef struct {
  void *registers[CK_FUSED_MAX_REGISTERS];
  filled seen[CK_FUSED_MAX_REGISTERS];
  void *own[CK_FUSED_MAX_REGISTERS];
} worker;

// Where a tile begins along each axis, and how large it is.
typedef struct {
  int64_t index[CK_FUSED_MAX_RANK];
  ck_tile size;
} place;

static char *address(const fused_run *run, const ck_fused_input *in, const place *at) {
  int64_t offset = in->offset;
  for (int axis = 0; axis < run->k->rank; axis++) offset += at->index[axis] * in->strides[axis];
  return (char *)run->operands[in->operand] + offset * ck_type_bytes((ck_type)in->type);
}

static void load_input(const fused_run *run, worker *w, const ck_fused_input *in, const place *at) {
  ck_tile size = at->size, apart = ck_fused_distances(run->c, in);
  void *source = address(run, in, at);
  if (ck_tile_is_dense(size, apart)) {
    w->registers[in->reg] = source;
    return;
  }
  w->registers[in->reg] = w->own[in->reg];
  filled *seen = &w->seen[in->reg];
  // One that changes, since an output is in its place, is asked for once.
  if (seen->source == source && seen->size.units == size.units && seen->size.rows == size.rows &&
      seen->size.columns == size.columns)
    return;
  *seen = (filled){source, size};
  ck_tile_load(w->own[in->reg], (ck_type)in->type, source, size, apart);
}

static void run_tile(const fused_run *run, worker *w, const place *at) {
  const ck_fused *k = run->k;
  for (int i = 0; i < k->input_count; i++) load_input(run, w, &k->inputs[i], at);
  void *targets[CK_FUSED_MAX_REGISTERS];
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    void *target = address(run, out, at);
    bool is_dense = ck_tile_is_dense(at->size, ck_fused_distances(run->c, out));
    w->registers[out->reg] = is_dense ? target : w->own[out->reg];
    targets[i] = is_dense ? NULL : target;
  }
  run->evaluate(k, w->registers, ck_tile_count(at->size));
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    if (targets[i]) ck_tile_store(w->registers[out->reg], (ck_type)out->type, targets[i], at->size, ck_fused_distances(run->c, out));
  }
}

// One tile's reductions, which go on from what is in `into`.
static void reduce_tile(const fused_run *run, const worker *w, ck_tile size, char *const *into) {
  const ck_fused_cut *c = run->c;
  for (int i = 0; i < run->k->reduction_count; i++) {
    const ck_fused_reduction *r = &run->k->reductions[i];
    const char *x = w->registers[r->reg];
    int64_t bytes = ck_type_bytes((ck_type)r->type);
    if (c->columns_kept) {
      for (int64_t u = 0; u < size.units; u++)
        run->reduce(r, false, x + u * size.rows * size.columns * bytes, size.rows, size.columns,
                    into[i] + u * size.columns * bytes);
    } else if (c->rows_kept && c->row_axis >= 0) {
      run->reduce(r, true, x, size.units * size.rows, size.columns, into[i]);
    } else {
      run->reduce(r, true, x, size.units, size.rows * size.columns, into[i]);
    }
  }
}

// A number counts places, those along the last axis fastest. Takes the place along one axis, which has so many blocks, from what
// is left of the number; returns how long the block is.
static int64_t find_block(const ck_fused *k, place *at, int axis, int64_t block, int64_t blocks, int64_t *rest) {
  int64_t first = blocks > 1 ? *rest % blocks * block : 0;
  if (blocks > 1) *rest /= blocks;
  at->index[axis] = first;
  int64_t left = k->dims[axis] - first;
  return left < block ? left : block;
}

// The place of a unit along the kept axes, and of a step along the reduced ones.
static void find(const fused_run *run, bool kept, int64_t number, place *at) {
  const ck_fused *k = run->k;
  const ck_fused_cut *c = run->c;
  if (c->columns_kept == kept)
    at->size.columns = find_block(k, at, c->column_axis, c->columns, c->column_blocks, &number);
  if (c->rows_kept == kept && c->row_axis >= 0)
    at->size.rows = find_block(k, at, c->row_axis, c->rows, c->row_blocks, &number);
  if (kept && c->group_axis >= 0)
    at->size.units = find_block(k, at, c->group_axis, c->group, c->group_blocks, &number);
  const int *axes = kept ? c->kept : c->reduced;
  for (int i = (kept ? c->kept_count : c->reduced_count) - 1; i >= 0; i--)
    find_block(k, at, axes[i], 1, k->dims[axes[i]], &number);
}

// Where the results of a unit, or of a part of it, go to: all are what changes nothing, so far.
static void find_results(const fused_run *run, const place *at, int64_t part, char **into) {
  const ck_fused *k = run->k;
  const ck_fused_cut *c = run->c;
  int64_t start = 0, partial_offset = 0;
  for (int axis = 0; axis < k->rank; axis++) start += at->index[axis] * c->kept_strides[axis];
  int64_t results = at->size.units * (c->rows_kept ? at->size.rows : 1) * (c->columns_kept ? at->size.columns : 1);
  for (int i = 0; i < k->reduction_count; i++) {
    const ck_fused_reduction *r = &k->reductions[i];
    int64_t bytes = ck_type_bytes((ck_type)r->type);
    into[i] = c->parts == 1 ? (char *)run->operands[r->operand] + start * bytes
                            : c->partials + partial_offset + (part * c->kept_elements + start) * bytes;
    partial_offset += c->parts * c->kept_elements * 8;
    fill_identity(r, into[i], results);
  }
}

static void prepare(worker *w, const ck_fused *k, const ck_fused_cut *c) {
  size_t register_bytes = (size_t)(c->tile * c->element_bytes);
  char *memory = ck_scratch(register_bytes * (size_t)k->register_count);
  for (int r = 0; r < k->register_count; r++) {
    w->own[r] = w->registers[r] = memory + (size_t)r * register_bytes;
    w->seen[r].source = NULL;
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
    ck_splat(w->own[constant->reg], (ck_type)constant->type, value, c->group * c->rows * c->columns);
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

// Items are parts of units, or groups of units, which have one part.
static void run_items(void *context, int64_t begin, int64_t end) {
  unsigned mode = flush_subnormals();
  const fused_run *run = context;
  const ck_fused_cut *c = run->c;
  worker w;
  prepare(&w, run->k, c);
  place at = {{0}, {1, 1, 1}};
  for (int64_t item = begin; item < end; item++) {
    int64_t part = item % c->parts;
    char *into[CK_FUSED_MAX_REGISTERS];
    find(run, true, item / c->parts, &at);
    find_results(run, &at, part, into);
    int64_t beyond = c->steps * (part + 1) / c->parts;
    for (int64_t step = c->steps * part / c->parts; step < beyond; step++) {
      find(run, false, step, &at);
      run_tile(run, &w, &at);
      reduce_tile(run, &w, at.size, into);
    }
  }
  restore_subnormals(mode);
}

// A kernel of one tile, as small ones are, whose places need not be worked out.
static void run_one_tile(const fused_run *run) {
  unsigned mode = flush_subnormals();
  const ck_fused *k = run->k;
  const ck_fused_cut *c = run->c;
  worker w;
  prepare(&w, k, c);
  ck_tile size = {c->group, c->rows, c->columns};
  for (int i = 0; i < k->input_count; i++) {
    const ck_fused_input *in = &k->inputs[i];
    char *source = (char *)run->operands[in->operand] + in->offset * ck_type_bytes((ck_type)in->type);
    if (c->is_dense[i]) {
      w.registers[in->reg] = source;
    } else {
      ck_tile_load(w.own[in->reg], (ck_type)in->type, source, size, ck_fused_distances(c, in));
    }
  }
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    if (c->is_dense[k->input_count + i])
      w.registers[out->reg] = (char *)run->operands[out->operand] + out->offset * ck_type_bytes((ck_type)out->type);
  }
  run->evaluate(k, w.registers, ck_tile_count(size));
  for (int i = 0; i < k->output_count; i++) {
    const ck_fused_output *out = &k->outputs[i];
    if (!c->is_dense[k->input_count + i])
      ck_tile_store(w.registers[out->reg], (ck_type)out->type,
                    (char *)run->operands[out->operand] + out->offset * ck_type_bytes((ck_type)out->type), size,
                    ck_fused_distances(c, out));
  }
  if (k->reduction_count > 0) {
    char *into[CK_FUSED_MAX_REGISTERS];
    place at = {{0}, size};
    find_results(run, &at, 0, into);
    reduce_tile(run, &w, size, into);
  }
  restore_subnormals(mode);
}

void ck_fused_run(const void *parameters, void *const *operands) {
  const ck_fused *k = parameters;
  const ck_fused_cut *c = k->cut;
  fused_run run = {k, c, operands, CK_DISPATCH(evaluate), CK_DISPATCH(reduce)};
  if (c->kept_elements == 0) return;
  if (c->is_one_tile) {
    run_one_tile(&run);
    return;
  }
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
