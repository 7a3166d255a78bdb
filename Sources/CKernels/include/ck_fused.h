// Fused element-wise kernels: a small program of vector instructions runs over tiles that stay in the first-level
// cache, reading strided (broadcast, transposed) inputs, writing dense outputs, and reducing on the way.
#ifndef CK_FUSED_H
#define CK_FUSED_H

#include <stdbool.h>

#include "ck_types.h"

enum { CK_FUSED_MAX_RANK = 12, CK_FUSED_MAX_REGISTERS = 256 };

/// Instructions. Each has a kernel of its name in `fused_operations.h`; a name without one does not compile.
///
/// GELU_AND_SLOPE and RELU_AND_MASK write the slope, or whether the result is above 0, to register b. MULTIPLY_ADD,
/// MULTIPLY_SUBTRACT and SUBTRACT_PRODUCT are ab + c, ab - c and c - ab; ROOT is the square root above 0, else 0; BLEND is
/// ab + ce; RATIO_TO_ROOT is ab / (root(ce) + f). Each operation in them is rounded.
#define CK_FUSED_OPERATIONS(EACH) \
  EACH(NEGATE) EACH(ABSOLUTE) EACH(SIGN) EACH(EXP) EACH(LOG) EACH(LOG1P) EACH(EXPM1) EACH(SQRT) EACH(RSQRT) \
  EACH(RECIPROCAL) EACH(SQUARE) EACH(SIN) EACH(COS) EACH(TANH) EACH(SIGMOID) EACH(ERF) EACH(GELU) EACH(GELU_SLOPE) \
  EACH(RELU) EACH(FLOOR) EACH(ROUND) EACH(IS_FINITE) EACH(NOT) EACH(COPY) EACH(ADD) EACH(SUBTRACT) EACH(MULTIPLY) \
  EACH(DIVIDE) EACH(POWER) EACH(MAXIMUM) EACH(MINIMUM) EACH(AND) EACH(OR) EACH(EQUAL) EACH(NOT_EQUAL) EACH(LESS) \
  EACH(LESS_OR_EQUAL) EACH(GREATER) EACH(GREATER_OR_EQUAL) EACH(SELECT) EACH(TO_FLOAT32) EACH(TO_FLOAT64) \
  EACH(TO_INT32) EACH(TO_BOOL) EACH(GELU_AND_SLOPE) EACH(RELU_AND_MASK) EACH(MULTIPLY_ADD) EACH(MULTIPLY_SUBTRACT) \
  EACH(SUBTRACT_PRODUCT) EACH(ROOT) EACH(BLEND) EACH(RATIO_TO_ROOT)

/// An opcode is `operation * 4 + ck_type`, the type being that of the operands (of the source, for casts; of the chosen
/// values, for select).
typedef enum {
#define CK_OPERATION(NAME) CK_OP_##NAME,
  CK_FUSED_OPERATIONS(CK_OPERATION)
#undef CK_OPERATION
} ck_operation;

/// Whether the interpreter has a kernel for that operation on that type.
bool ck_fused_knows(uint16_t opcode);

typedef struct {
  uint16_t opcode;
  uint16_t destination, a, b, c, e, f;  // registers; those that an operation does not need are a
} ck_instruction;

/// A register read from memory: element (i0, i1, ...) of the iteration space is at offset + sum of i * stride.
typedef struct {
  int32_t operand;
  uint16_t reg;
  uint8_t type;
  int64_t offset;
  int64_t strides[CK_FUSED_MAX_RANK];
} ck_fused_input;

/// A register written to memory, with the same addressing.
typedef ck_fused_input ck_fused_output;

typedef enum { CK_REDUCE_SUM = 0, CK_REDUCE_MAXIMUM = 1, CK_REDUCE_MINIMUM = 2 } ck_reduction_kind;

/// A register reduced over the reduced axes into a dense result of the kept axes.
typedef struct {
  int32_t operand;
  uint16_t reg;
  uint8_t type;
  uint8_t kind;
} ck_fused_reduction;

typedef struct {
  uint16_t reg;
  uint8_t type;
  double value;
} ck_fused_constant;

/// How the work is cut into tiles.
typedef struct ck_fused_cut ck_fused_cut;

/// Parameters of `ck_fused_run`. The iteration space has axes [outer..., reduced..., inner...]: those in
/// `reduce_begin..<reduce_end` are reduced (none when equal).
typedef struct {
  int32_t rank, reduce_begin, reduce_end;
  int64_t dims[CK_FUSED_MAX_RANK];
  int32_t instruction_count, input_count, output_count, reduction_count, constant_count, register_count;
  const ck_instruction *instructions;
  const ck_fused_input *inputs;
  const ck_fused_output *outputs;
  const ck_fused_reduction *reductions;
  const ck_fused_constant *constants;
  const ck_fused_cut *cut;  // made from all of the above
} ck_fused;

/// The cut of a kernel, and memory for its partial results: one run at a time.
ck_fused_cut *ck_fused_cut_create(const ck_fused *kernel);
void ck_fused_cut_free(ck_fused_cut *cut);

/// A `ck_kernel` on `ck_fused`. Operands: as numbered by the inputs, outputs and reductions. An output may share its
/// memory with an input of the same addressing.
void ck_fused_run(const void *parameters, void *const *operands);

#endif
