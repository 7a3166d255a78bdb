import Graphs

extension DerivativeRule {
  func elementwise(_ operation: Operation.Elementwise, _ g: Tensor) -> [Tensor?] {
    switch operation {
    case .unary(let operation): return [unary(operation, g)]
    case .binary(let operation): return binary(operation, g)
    case .compare: return [nil, nil]
    case .select:
      let zero = g.filled(with: 0)
      return [nil, Graphs.select(input(0), g, zero), Graphs.select(input(0), zero, g)]
    case .cast: return [input(0).elementType.isFloatingPoint ? g.cast(to: input(0).elementType) : nil]
    }
  }

  private func unary(_ operation: UnaryOperation, _ g: Tensor) -> Tensor? {
    let x = input(0)
    let y = output()
    switch operation {
    case .negate: return -g
    case .absolute: return g * sign(x)
    case .exp: return g * y
    case .log: return g / x
    case .log1p: return g / (1 + x)
    case .expm1: return g * (y + 1)
    case .sqrt: return g / (2 * y)
    case .rsqrt: return -0.5 * g * y * y.squared
    case .reciprocal: return -(g * y.squared)
    case .square: return 2 * g * x
    case .sin: return g * cos(x)
    case .cos: return -(g * sin(x))
    case .tanh: return g * (1 - y.squared)
    case .sigmoid: return g * (y * (1 - y))
    case .erf: return g * (1.1283791670955126 * exp(-x.squared))  // 2 / sqrt(pi)
    case .gelu: return g * geluSlope(x)
    // phi(x) (2 - x^2), phi the standard normal density.
    case .geluSlope: return g * (0.3989422804014327 * exp(-0.5 * x.squared) * (2 - x.squared))
    case .relu: return Graphs.select(y .> 0, g, 0)
    case .sign, .floor, .round, .isFinite, .not: return nil
    }
  }

  private func binary(_ operation: BinaryOperation, _ g: Tensor) -> [Tensor?] {
    let (a, b) = (input(0), input(1))
    switch operation {
    case .add: return [g, g]
    case .subtract: return [g, -g]
    case .multiply: return [g * b, g * a]
    case .divide: return [g / b, -(g * output() / b)]
    case .power:
      // 0^0 counts as a constant of its base: the slope of x^0 is 0 at 0, too.
      let isOther = b.fillValue.map { $0 != 0 } ?? false
      let base = isOther ? a : Graphs.select((a .== 0) .& (b .== 0), a.filled(with: 1), a)
      // By the exponent: 0 at a = 0, as the limit for positive ones; below 0, where only whole exponents have a value, none.
      let logarithm = log(Graphs.select(a .!= 0, a, a.filled(with: 1)))
      return [g * b * pow(base, b - 1), g * output() * logarithm]
    case .maximum: return shares(g, a .> b, a .== b)
    case .minimum: return shares(g, a .< b, a .== b)
    case .and, .or: return [nil, nil]
    }
  }

  /// The winner gets all; of equals, each gets half.
  private func shares(_ g: Tensor, _ wins: Tensor, _ ties: Tensor) -> [Tensor?] {
    let half = g.filled(with: 0.5)
    let share = Graphs.select(wins, half.filled(with: 1), Graphs.select(ties, half, half.filled(with: 0)))
    return [g * share, g * (1 - share)]
  }
}
