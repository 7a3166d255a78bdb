// Fused element-wise kernels: a small program of vector instructions runs over tiles that stay in the first-level
// cache, reading strided (broadcast, transposed) inputs, writing dense outputs, and reducing on the way.
#ifndef CK_FUSED_H
#define CK_FUSED_H

#include "ck_types.h"

enum { CK_FUSED_MAX_RANK = 12, CK_FUSED_MAX_REGISTERS = 256 };

/// Instructions. An opcode is `operation * 4 + ck_type`, the type being that of the operands (of the source, for
/// casts; of the chosen values, for select).
typedef enum {
  CK_OP_NEGATE, CK_OP_ABSOLUTE, CK_OP_SIGN, CK_OP_EXP, CK_OP_LOG, CK_OP_LOG1P, CK_OP_EXPM1, CK_OP_SQRT, CK_OP_RSQRT,
  CK_OP_RECIPROCAL, CK_OP_SQUARE, CK_OP_SIN, CK_OP_COS, CK_OP_TANH, CK_OP_SIGMOID, CK_OP_ERF, CK_OP_GELU, CK_OP_GELU_SLOPE,
  CK_OP_RELU, CK_OP_FLOOR,
  CK_OP_ROUND, CK_OP_IS_FINITE, CK_OP_NOT, CK_OP_COPY,
  CK_OP_ADD, CK_OP_SUBTRACT, CK_OP_MULTIPLY, CK_OP_DIVIDE, CK_OP_POWER, CK_OP_MAXIMUM, CK_OP_MINIMUM, CK_OP_AND,
  CK_OP_OR, CK_OP_EQUAL, CK_OP_NOT_EQUAL, CK_OP_LESS, CK_OP_LESS_OR_EQUAL, CK_OP_GREATER, CK_OP_GREATER_OR_EQUAL,
  CK_OP_SELECT, CK_OP_TO_FLOAT32, CK_OP_TO_FLOAT64, CK_OP_TO_INT32, CK_OP_TO_BOOL,
  CK_OP_GELU_AND_SLOPE, CK_OP_RELU_AND_MASK,  // the slope, or whether the result is above 0, goes to register b
  CK_OP_MULTIPLY_ADD, CK_OP_MULTIPLY_SUBTRACT, CK_OP_SUBTRACT_PRODUCT,  // ab + c, ab - c, c - ab, rounded twice
} ck_operation;

typedef struct {
  uint16_t opcode;
  uint16_t destination, a, b, c;  // registers
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
