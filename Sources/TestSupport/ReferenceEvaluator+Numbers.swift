import Differentiation
import Foundation

extension ReferenceEvaluator {
  static func unary(_ operation: UnaryOperation, _ x: Double) -> Double {
    switch operation {
    case .negate: -x
    case .absolute: Swift.abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .expm1: Foundation.expm1(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .square: x * x
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .erf: Foundation.erf(x)
    case .gelu: 0.5 * x * (1 + Foundation.erf(x / 2.0.squareRoot()))
    case .geluSlope:
      0.5 * (1 + Foundation.erf(x / 2.0.squareRoot())) + x * Foundation.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .relu: x < 0 ? 0 : x
    case .floor: Foundation.floor(x)
    case .round: x.rounded(.toNearestOrEven)
    case .isFinite: x.isFinite ? 1 : 0
    case .not: x == 0 ? 1 : 0
    }
  }

  static func binary(_ operation: BinaryOperation, _ x: Double, _ y: Double) -> Double {
    switch operation {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .power: Foundation.pow(x, y)
    case .maximum: x.isNaN || y.isNaN ? .nan : Swift.max(x, y)
    case .minimum: x.isNaN || y.isNaN ? .nan : Swift.min(x, y)
    case .and: x != 0 && y != 0 ? 1 : 0
    case .or: x != 0 || y != 0 ? 1 : 0
    }
  }

  /// Whole numbers of 32 bits; what is divided by zero is zero.
  static func integer(_ operation: BinaryOperation, _ x: Double, _ y: Double) -> Double {
    let (a, b) = (Int(x), Int(y))
    switch operation {
    // A product of 32-bit numbers has 64 bits, more than a Double holds.
    case .multiply: return Double(Int32(truncatingIfNeeded: a &* b))
    case .divide: return b == 0 ? 0 : Double(a / b)
    case .power: return Swift.min(Swift.max(Foundation.pow(x, y).rounded(.towardZero), -0x1p31), 0x1p31 - 1)
    case .add, .subtract, .maximum, .minimum, .and, .or: return binary(operation, x, y)
    }
  }

  static func compare(_ comparison: Comparison, _ x: Double, _ y: Double) -> Bool {
    switch comparison {
    case .equal: x == y
    case .notEqual: x != y
    case .less: x < y
    case .lessOrEqual: x <= y
    case .greater: x > y
    case .greaterOrEqual: x >= y
    }
  }

  static func random(_ distribution: RandomDistribution, _ type: TensorType, keys: [Double]) -> [Double] {
    let each = TensorType([2 * type.shape.count / keys.count], type.elementType)
    return stride(from: 0, to: keys.count, by: 2).flatMap {
      random(distribution, each, key: [keys[$0], keys[$0 + 1]])
    }
  }

  private static func random(_ distribution: RandomDistribution, _ type: TensorType, key: [Double]) -> [Double] {
    let words = SIMD2(UInt32(bitPattern: Int32(key[0])), UInt32(bitPattern: Int32(key[1])))
    let wide = type.elementType == .float64
    let perBlock = wide ? 2 : 4
    var result: [Double] = []
    for block in 0..<(type.shape.count + perBlock - 1) / perBlock {
      let w = Philox.words(counter: SIMD4(UInt32(block), 0, 0, 0), key: words)
      if distribution == .bits {
        result += (0..<4).map { Double(Int32(bitPattern: w[$0])) }
        continue
      }
      let uniform =
        wide
        ? (0..<2).map { Double((UInt64(w[2 * $0]) << 32 | UInt64(w[2 * $0 + 1])) >> 11) * 0x1p-53 }
        : (0..<4).map { Double(w[$0] >> 8) * 0x1p-24 }
      if distribution == .uniform {
        result += uniform
      } else {
        for pair in stride(from: 0, to: perBlock, by: 2) {
          let radius = (-2 * Foundation.log(1 - uniform[pair])).squareRoot()
          let angle = 2 * Double.pi * uniform[pair + 1]
          result += [radius * Foundation.cos(angle), radius * Foundation.sin(angle)]
        }
      }
    }
    return Array(result.prefix(type.shape.count))
  }

  /// All (output position, kernel position, source position) triples of a window that lie inside of the image.
  private static func visits(_ w: Window, _ image: Shape, _ visit: ([Int], [Int], [Int]) -> Void) {
    for oy in 0..<w.outputExtent(0, of: image[1]) {
      for ox in 0..<w.outputExtent(1, of: image[2]) {
        for ky in 0..<w.size[0] {
          for kx in 0..<w.size[1] {
            let y = oy * w.strides[0] + ky * w.dilations[0] - w.paddingLow[0]
            let x = ox * w.strides[1] + kx * w.dilations[1] - w.paddingLow[1]
            if y >= 0, y < image[1], x >= 0, x < image[2] { visit([oy, ox], [ky, kx], [y, x]) }
          }
        }
      }
    }
  }

  static func convolution(_ convolution: Graphs.Operation.Convolution, _ x: [Plain], _ shape: Shape) -> Plain {
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    func run(_ w: Window, _ source: Shape, _ weights: Shape, _ add: ([Int], [Int], [Int]) -> Void) {
      let (inner, features) = (weights[2], weights[3])
      visits(w, source) { o, k, s in
        for n in 0..<source[0] {
          for f in 0..<features {
            for i in 0..<inner {
              let channel = f / (features / w.groups) * inner + i
              add([n, o[0], o[1], f], [k[0], k[1], i, f], [n, s[0], s[1], channel])
            }
          }
        }
      }
    }
    switch convolution {
    case .forward(let w):
      run(w, x[0].shape, x[1].shape) { o, k, s in result[o] += x[0][s] * x[1][k] }
    case .dataGradient(let w, let source):
      run(w, source, x[1].shape) { o, k, s in result[s] += x[0][o] * x[1][k] }
    case .weightGradient(let w, let weights):
      run(w, x[0].shape, weights) { o, k, s in result[k] += x[0][s] * x[1][o] }
    }
    return result
  }

  static func pool(_ pooling: Graphs.Operation.Pooling, _ x: Plain, _ shape: Shape) -> Plain {
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    switch pooling {
    case .sum(let w):
      visits(w, x.shape) { o, _, s in
        for n in 0..<shape[0] { for c in 0..<shape[3] { result[[n] + o + [c]] += x[[n] + s + [c]] } }
      }
    case .sumGradient(let w, let source):
      visits(w, source) { o, _, s in
        for n in 0..<shape[0] { for c in 0..<shape[3] { result[[n] + s + [c]] += x[[n] + o + [c]] } }
      }
    case .argument(let w):
      var best = [[Int]: Double]()
      let width = w.outputExtent(1, of: x.shape[2])
      visits(w, x.shape) { o, _, s in
        for n in 0..<shape[0] {
          for c in 0..<shape[2] {
            let target = [n, o[0] * width + o[1], c]
            let value = x[[n] + s + [c]]
            if best[target] == nil || value > best[target]! || (value.isNaN && !best[target]!.isNaN) {
              best[target] = value
              result[target] = Double(s[0] * x.shape[2] + s[1])
            }
          }
        }
      }
    }
    return result
  }
}
