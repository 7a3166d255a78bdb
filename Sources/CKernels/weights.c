#include "ck_weights.h"

#include <string.h>

#include "ck_integer_rows.h"
#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// The layouts are those of ggml: scales are IEEE half numbers, little-endian.
// A piece is what a thread decodes at a time: whole blocks of any type.
// Fewer tokens each take a walk over the rows; more of them pay for turning 32 rows into float32 columns. So many matrices
// share a call.
enum { BLOCK = 32, SUPER = 256, PIECE = 1 << 14, FEW = 3, MOST = 8 };

int64_t ck_weight_block(ck_weight_type type) {
  switch (type) {
    case CK_W_F32:
    case CK_W_F16:
    case CK_W_BF16: return 1;
    case CK_W_Q4_0:
    case CK_W_Q4_1:
    case CK_W_Q5_0:
    case CK_W_Q5_1:
    case CK_W_Q8_0: return BLOCK;
    case CK_W_Q4_K:
    case CK_W_Q5_K:
    case CK_W_Q6_K: return SUPER;
  }
  return 0;
}

int64_t ck_weight_block_bytes(ck_weight_type type) {
  switch (type) {
    case CK_W_F32: return 4;
    case CK_W_F16:
    case CK_W_BF16: return 2;
    case CK_W_Q4_0: return 2 + 16;
    case CK_W_Q4_1: return 4 + 16;
    case CK_W_Q5_0: return 2 + 4 + 16;
    case CK_W_Q5_1: return 4 + 4 + 16;
    case CK_W_Q8_0: return 2 + 32;
    case CK_W_Q4_K: return 4 + 12 + 128;
    case CK_W_Q5_K: return 4 + 12 + 32 + 128;
    case CK_W_Q6_K: return 128 + 64 + 16 + 2;
  }
  return 0;
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int8_t signs16 __attribute__((vector_size(16)));

typedef struct {
  ck_weight_type type;
  const uint8_t *weights;
  int64_t rows, columns, row_bytes;
  const float *x;
  int64_t tokens;
  float *y;
  int64_t y_stride;
} job;

CK_INLINE uint16_t ck_read16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

CK_INLINE uint32_t ck_read32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// A half number as float32. Scaling by 2^112 turns the smaller exponents, subnormal ones too, into the right ones; infinities
// and what is no number keep the largest exponent.
CK_INLINE float ck_half(uint16_t bits) {
  uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13, sign = (uint32_t)(bits & 0x8000) << 16;
  float value = ck_float_of_bits((int32_t)magnitude) * 0x1p112f;
  // A subnormal operand may count as zero on this thread: such halves are whole multiples of 2^-24.
  if ((bits & 0x7c00) == 0) value = (float)(bits & 0x3ff) * 0x1p-24f;
  uint32_t result = (uint32_t)ck_bits_of_float(value);
  if ((bits & 0x7c00) == 0x7c00) result = 0x7f800000 | (magnitude & 0x7fffff);
  return ck_float_of_bits((int32_t)(result | sign));
}

// Scale and minimum of a part of a Q4_K or Q5_K block: six bits each, the last four parts in two pieces.
CK_INLINE void ck_scale_and_minimum(int part, const uint8_t *q, float *scale, float *minimum) {
  if (part < 4) {
    *scale = q[part] & 63;
    *minimum = q[part + 4] & 63;
  } else {
    *scale = (q[part + 4] & 15) | (q[part - 4] >> 6) << 4;
    *minimum = (q[part + 4] >> 4) | (q[part] >> 6) << 4;
  }
}

typedef struct {
  ck_weight_type type;
  const uint8_t *weights;
  int64_t rows, columns, row_bytes;
  const int64_t *order;
  float *target;
} decoding;

#define CK_BODY "weights_body.inc"
#include "ck_dispatch.h"

void ck_weights_decode(ck_weight_type type, const void *source, int64_t count, float *target) {
  decoding d = {.type = type, .weights = source, .columns = count, .target = target};
  int64_t pieces = (count + PIECE - 1) / PIECE;
  ck_parallel_for(pieces, 1, CK_DISPATCH(decode_pieces), &d);
}

void ck_weights_decode_columns(ck_weight_type type, const void *source, int64_t rows, int64_t columns,
                               const int64_t *order, float *target) {
  int64_t row_bytes = columns / ck_weight_block(type) * ck_weight_block_bytes(type);
  decoding d = {type, source, rows, columns, row_bytes, order, target};
  ck_parallel_for((rows + BLOCK - 1) / BLOCK, ck_grain_for(BLOCK * columns), CK_DISPATCH(decode_columns), &d);
}

// Each thread prepares the vector for itself, which costs less than waiting for one that does.
static void multiply_in_whole_numbers(void *context, int64_t begin, int64_t end) {
  const job *w = context;
  int64_t first = begin * BLOCK, last = end * BLOCK < w->rows ? end * BLOCK : w->rows;
  void *prepared = ck_scratch((size_t)ck_prepared_bytes(w->columns));
  for (int64_t t = 0; t < w->tokens; t++) {
    ck_prepare(w->type, w->x + t * w->columns, w->columns, prepared);
    ck_integer_rows(w->type, w->weights + first * w->row_bytes, w->row_bytes, last - first, w->columns, prepared,
                    w->y + t * w->y_stride + first);
  }
}

typedef struct {
  const ck_weight_rows *matrices;
  int64_t count, columns;
  const float *x;
  int64_t tokens;
  bool has_integer_rows[MOST];
  ck_task in_floats;
} several;

static int64_t groups_of(const ck_weight_rows *m) { return (m->rows + BLOCK - 1) / BLOCK; }

static void multiply_several(void *context, int64_t begin, int64_t end) {
  const several *s = context;
  for (int64_t i = 0; i < s->count; i++) {
    const ck_weight_rows *m = s->matrices + i;
    int64_t groups = groups_of(m), first = begin > 0 ? begin : 0, last = end < groups ? end : groups;
    int64_t row_bytes = s->columns / ck_weight_block(m->type) * ck_weight_block_bytes(m->type);
    job j = {m->type, m->weights, m->rows, s->columns, row_bytes, s->x, s->tokens, m->y, m->y_stride};
    if (first < last) (s->has_integer_rows[i] ? multiply_in_whole_numbers : s->in_floats)(&j, first, last);
    begin -= groups;
    end -= groups;
  }
}

void ck_weights_multiply(const ck_weight_rows *matrices, int64_t count, int64_t columns, const float *x, int64_t tokens) {
  for (; count > MOST; count -= MOST, matrices += MOST) ck_weights_multiply(matrices, MOST, columns, x, tokens);
  several s = {matrices, count, columns, x, tokens, {false}, CK_DISPATCH(multiply_groups)};
  // Groups of rows are the unit of work, so that a row is summed the same way whatever the number of threads.
  int64_t groups = 0, work = BLOCK * columns * (tokens < 1 ? 1 : tokens);
  for (int64_t i = 0; i < count; i++) {
    groups += groups_of(matrices + i);
    s.has_integer_rows[i] = tokens < FEW && ck_has_integer_rows(matrices[i].type);
  }
  ck_parallel_for(groups, 1 + 65536 / (work > 0 ? work : 1), multiply_several, &s);
}
