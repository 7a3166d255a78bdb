import CKernels
import Graphs

extension UnaryOperation {
  var instruction: ck_operation {
    switch self {
    case .negate: CK_OP_NEGATE
    case .absolute: CK_OP_ABSOLUTE
    case .sign: CK_OP_SIGN
    case .exp: CK_OP_EXP
    case .log: CK_OP_LOG
    case .log1p: CK_OP_LOG1P
    case .expm1: CK_OP_EXPM1
    case .sqrt: CK_OP_SQRT
    case .rsqrt: CK_OP_RSQRT
    case .reciprocal: CK_OP_RECIPROCAL
    case .square: CK_OP_SQUARE
    case .sin: CK_OP_SIN
    case .cos: CK_OP_COS
    case .tanh: CK_OP_TANH
    case .sigmoid: CK_OP_SIGMOID
    case .erf: CK_OP_ERF
    case .gelu: CK_OP_GELU
    case .geluSlope: CK_OP_GELU_SLOPE
    case .relu: CK_OP_RELU
    case .floor: CK_OP_FLOOR
    case .round: CK_OP_ROUND
    case .isFinite: CK_OP_IS_FINITE
    case .not: CK_OP_NOT
    }
  }
}

extension BinaryOperation {
  var instruction: ck_operation {
    switch self {
    case .add: CK_OP_ADD
    case .subtract: CK_OP_SUBTRACT
    case .multiply: CK_OP_MULTIPLY
    case .divide: CK_OP_DIVIDE
    case .power: CK_OP_POWER
    case .maximum: CK_OP_MAXIMUM
    case .minimum: CK_OP_MINIMUM
    case .and: CK_OP_AND
    case .or: CK_OP_OR
    }
  }
}

extension Comparison {
  var instruction: ck_operation {
    switch self {
    case .equal: CK_OP_EQUAL
    case .notEqual: CK_OP_NOT_EQUAL
    case .less: CK_OP_LESS
    case .lessOrEqual: CK_OP_LESS_OR_EQUAL
    case .greater: CK_OP_GREATER
    case .greaterOrEqual: CK_OP_GREATER_OR_EQUAL
    }
  }
}
