// What each instruction of a fused kernel does: KERNEL_X for the operation X of `CK_FUSED_OPERATIONS`, as one case of a
// switch over opcodes for each type. Whoever includes this defines UNARY, UNARY_TO, BINARY, SELECT, GELU_AND_SLOPE,
// RELU_AND_MASK, TERNARY, QUATERNARY and QUINARY.
#ifndef FUSED_OPERATIONS_H
#define FUSED_OPERATIONS_H

#define EVERY_NUMBER(OP, EXPRESSION)                   \
  UNARY(OP, 0, float, EXPRESSION)                      \
  UNARY(OP, 1, double, EXPRESSION)                     \
  UNARY(OP, 2, int32_t, EXPRESSION)
#define PRODUCT_AND_SUM(OP, EXPRESSION)                \
  TERNARY(OP, 0, float, EXPRESSION)                    \
  TERNARY(OP, 1, double, EXPRESSION)
#define PRODUCTS_AND_SUM(OP, EXPRESSION)               \
  QUATERNARY(OP, 0, float, EXPRESSION)                 \
  QUATERNARY(OP, 1, double, EXPRESSION)
#define RATIO(OP, EXPRESSION)                          \
  QUINARY(OP, 0, float, EXPRESSION)                    \
  QUINARY(OP, 1, double, EXPRESSION)
#define FLOATING(OP, SINGLE, DOUBLE)                   \
  UNARY(OP, 0, float, SINGLE)                          \
  UNARY(OP, 1, double, DOUBLE)
#define EVERY_PAIR(OP, EXPRESSION)                     \
  BINARY(OP, 0, float, float, EXPRESSION)              \
  BINARY(OP, 1, double, double, EXPRESSION)            \
  BINARY(OP, 2, int32_t, int32_t, EXPRESSION)
// Integers wrap round, which in C only those without sign do.
#define WRAPPING_UNARY(OP, EXPRESSION)                 \
  UNARY(OP, 0, float, EXPRESSION)                      \
  UNARY(OP, 1, double, EXPRESSION)                     \
  UNARY(OP, 2, uint32_t, EXPRESSION)
#define WRAPPING_BINARY(OP, EXPRESSION)                \
  BINARY(OP, 0, float, float, EXPRESSION)              \
  BINARY(OP, 1, double, double, EXPRESSION)            \
  BINARY(OP, 2, uint32_t, uint32_t, EXPRESSION)
#define COMPARISON(OP, EXPRESSION)                     \
  BINARY(OP, 0, float, uint8_t, EXPRESSION)            \
  BINARY(OP, 1, double, uint8_t, EXPRESSION)           \
  BINARY(OP, 2, int32_t, uint8_t, EXPRESSION)          \
  BINARY(OP, 3, uint8_t, uint8_t, EXPRESSION)

#define KERNEL_NEGATE WRAPPING_UNARY(CK_OP_NEGATE, -x)
#define KERNEL_ABSOLUTE \
  FLOATING(CK_OP_ABSOLUTE, x < 0 ? -x : x == 0 ? 0 : x, x < 0 ? -x : x == 0 ? 0 : x) \
  UNARY(CK_OP_ABSOLUTE, 2, int32_t, (int32_t)(x < 0 ? 0u - (uint32_t)x : (uint32_t)x))
#define KERNEL_SIGN EVERY_NUMBER(CK_OP_SIGN, x > 0 ? 1 : x < 0 ? -1 : x)
#define KERNEL_EXP FLOATING(CK_OP_EXP, ck_expf(x), exp(x))
#define KERNEL_LOG FLOATING(CK_OP_LOG, ck_logf(x), log(x))
#define KERNEL_LOG1P FLOATING(CK_OP_LOG1P, log1pf(x), log1p(x))
#define KERNEL_EXPM1 FLOATING(CK_OP_EXPM1, expm1f(x), expm1(x))
#define KERNEL_SQRT FLOATING(CK_OP_SQRT, __builtin_elementwise_sqrt(x), __builtin_elementwise_sqrt(x))
#define KERNEL_RSQRT FLOATING(CK_OP_RSQRT, 1.0f / __builtin_elementwise_sqrt(x), 1.0 / __builtin_elementwise_sqrt(x))
#define KERNEL_RECIPROCAL FLOATING(CK_OP_RECIPROCAL, 1.0f / x, 1.0 / x)
#define KERNEL_SQUARE WRAPPING_UNARY(CK_OP_SQUARE, x * x)
#define KERNEL_SIN FLOATING(CK_OP_SIN, sinf(x), sin(x))
#define KERNEL_COS FLOATING(CK_OP_COS, cosf(x), cos(x))
#define KERNEL_TANH FLOATING(CK_OP_TANH, ck_tanhf(x), tanh(x))
#define KERNEL_SIGMOID FLOATING(CK_OP_SIGMOID, ck_sigmoidf(x), 1.0 / (1.0 + exp(-x)))
#define KERNEL_ERF FLOATING(CK_OP_ERF, ck_erff(x), erf(x))
#define KERNEL_GELU FLOATING(CK_OP_GELU, ck_gelu_fromf(x, ck_phif(x)), ck_gelu_from(x, ck_phi(x)))
#define KERNEL_GELU_SLOPE \
  FLOATING(CK_OP_GELU_SLOPE, ck_gelu_slope_fromf(x, ck_phif(x)), ck_gelu_slope_from(x, ck_phi(x)))
#define KERNEL_RELU EVERY_NUMBER(CK_OP_RELU, x < 0 ? 0 : x)
#define KERNEL_FLOOR FLOATING(CK_OP_FLOOR, __builtin_elementwise_floor(x), __builtin_elementwise_floor(x))
#define KERNEL_ROUND FLOATING(CK_OP_ROUND, __builtin_elementwise_roundeven(x), __builtin_elementwise_roundeven(x))
#define KERNEL_IS_FINITE \
  UNARY_TO(CK_OP_IS_FINITE, 0, float, uint8_t, x - x == 0) \
  UNARY_TO(CK_OP_IS_FINITE, 1, double, uint8_t, x - x == 0) \
  UNARY_TO(CK_OP_IS_FINITE, 2, int32_t, uint8_t, x == x) \
  UNARY_TO(CK_OP_IS_FINITE, 3, uint8_t, uint8_t, x == x)
#define KERNEL_NOT UNARY(CK_OP_NOT, 3, uint8_t, !x)
#define KERNEL_COPY \
  EVERY_NUMBER(CK_OP_COPY, x) \
  UNARY(CK_OP_COPY, 3, uint8_t, x)
#define KERNEL_ADD WRAPPING_BINARY(CK_OP_ADD, x + z)
#define KERNEL_SUBTRACT WRAPPING_BINARY(CK_OP_SUBTRACT, x - z)
#define KERNEL_MULTIPLY WRAPPING_BINARY(CK_OP_MULTIPLY, x * z)
#define KERNEL_DIVIDE \
  BINARY(CK_OP_DIVIDE, 0, float, float, x / z) \
  BINARY(CK_OP_DIVIDE, 1, double, double, x / z) \
  BINARY(CK_OP_DIVIDE, 2, int32_t, int32_t, z == 0 ? 0 : z == -1 ? (int32_t)(0u - (uint32_t)x) : x / z)
#define KERNEL_POWER \
  BINARY(CK_OP_POWER, 0, float, float, powf(x, z)) \
  BINARY(CK_OP_POWER, 1, double, double, pow(x, z)) \
  BINARY(CK_OP_POWER, 2, int32_t, int32_t, pow((double)x, (double)z))
// A NaN on either side is kept.
#define KERNEL_MAXIMUM EVERY_PAIR(CK_OP_MAXIMUM, x > z || x != x ? x : z)
#define KERNEL_MINIMUM EVERY_PAIR(CK_OP_MINIMUM, x < z || x != x ? x : z)
#define KERNEL_AND BINARY(CK_OP_AND, 3, uint8_t, uint8_t, x & z)
#define KERNEL_OR BINARY(CK_OP_OR, 3, uint8_t, uint8_t, x | z)
#define KERNEL_EQUAL COMPARISON(CK_OP_EQUAL, x == z)
#define KERNEL_NOT_EQUAL COMPARISON(CK_OP_NOT_EQUAL, x != z)
#define KERNEL_LESS COMPARISON(CK_OP_LESS, x < z)
#define KERNEL_LESS_OR_EQUAL COMPARISON(CK_OP_LESS_OR_EQUAL, x <= z)
#define KERNEL_GREATER COMPARISON(CK_OP_GREATER, x > z)
#define KERNEL_GREATER_OR_EQUAL COMPARISON(CK_OP_GREATER_OR_EQUAL, x >= z)
#define KERNEL_SELECT \
  SELECT(0, float) \
  SELECT(1, double) \
  SELECT(2, int32_t) \
  SELECT(3, uint8_t)
#define KERNEL_TO_FLOAT32 \
  UNARY_TO(CK_OP_TO_FLOAT32, 1, double, float, x) \
  UNARY_TO(CK_OP_TO_FLOAT32, 2, int32_t, float, x) \
  UNARY_TO(CK_OP_TO_FLOAT32, 3, uint8_t, float, x)
#define KERNEL_TO_FLOAT64 \
  UNARY_TO(CK_OP_TO_FLOAT64, 0, float, double, x) \
  UNARY_TO(CK_OP_TO_FLOAT64, 2, int32_t, double, x) \
  UNARY_TO(CK_OP_TO_FLOAT64, 3, uint8_t, double, x)
// Out of range clamps, NaN becomes 0.
#define KERNEL_TO_INT32 \
  UNARY_TO(CK_OP_TO_INT32, 0, float, int32_t, \
             x >= 2147483520.0f ? 2147483647 : x <= -2147483648.0f ? (int32_t)-2147483647 - 1 : x != x ? 0 : (int32_t)x) \
  UNARY_TO(CK_OP_TO_INT32, 1, double, int32_t, \
             x >= 2147483647.0 ? 2147483647 : x <= -2147483648.0 ? (int32_t)-2147483647 - 1 : x != x ? 0 : (int32_t)x) \
  UNARY_TO(CK_OP_TO_INT32, 3, uint8_t, int32_t, x)
#define KERNEL_TO_BOOL \
  UNARY_TO(CK_OP_TO_BOOL, 0, float, uint8_t, x != 0) \
  UNARY_TO(CK_OP_TO_BOOL, 1, double, uint8_t, x != 0) \
  UNARY_TO(CK_OP_TO_BOOL, 2, int32_t, uint8_t, x != 0)
#define KERNEL_GELU_AND_SLOPE \
  GELU_AND_SLOPE(0, float, f) \
  GELU_AND_SLOPE(1, double, )
#define KERNEL_RELU_AND_MASK \
  RELU_AND_MASK(0, float) \
  RELU_AND_MASK(1, double)
#define KERNEL_MULTIPLY_ADD PRODUCT_AND_SUM(CK_OP_MULTIPLY_ADD, x * z + w)
#define KERNEL_MULTIPLY_SUBTRACT PRODUCT_AND_SUM(CK_OP_MULTIPLY_SUBTRACT, x * z - w)
#define KERNEL_SUBTRACT_PRODUCT PRODUCT_AND_SUM(CK_OP_SUBTRACT_PRODUCT, w - x * z)

#define ROOT(X) (X > 0 ? __builtin_elementwise_sqrt(X) : 0)
#define KERNEL_ROOT FLOATING(CK_OP_ROOT, ROOT(x), ROOT(x))
#define KERNEL_BLEND PRODUCTS_AND_SUM(CK_OP_BLEND, x * z + w * u)
#define KERNEL_RATIO_TO_ROOT RATIO(CK_OP_RATIO_TO_ROOT, x * z / (ROOT((w * u)) + v))

#endif
