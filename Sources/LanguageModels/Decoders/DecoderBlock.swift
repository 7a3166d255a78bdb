import Models

/// Attention and a feed-forward part, each around the normalised input and added to it.
struct DecoderBlock: Layer {
  let configuration: DecoderConfiguration
  /// Nil in blocks that are not adapted.
  let adapter: LowRankAdapter?
  /// For the positions that it is given, where they are rotary.
  var rotary: RotaryTables?

  private func projection(_ matrix: DecoderMatrix) -> Projection {
    let extents = matrix.extents(in: configuration)
    return Projection(
      inputs: extents.inputs, outputs: extents.outputs, hasBias: matrix.hasBias(in: configuration),
      adapter: adapter.flatMap { $0.matrices.contains(matrix) ? $0 : nil })
  }

  func declare(in layout: inout ModelLayout) {
    layout.child("attentionNorm", DecoderNorm(configuration))
    layout.child("feedForwardNorm", DecoderNorm(configuration))
    for matrix in DecoderMatrix.all(in: configuration) { layout.child(matrix.rawValue, projection(matrix)) }
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { try forward(x, rows: nil, in: &scope) }

  /// - Parameter rows: those of the input, batches end to end, that anybody asks for: what comes after attention is done for them
  ///   alone, and the result is [rows, width]. Nil for all.
  func forward(_ x: Tensor, rows: Tensor?, in scope: inout ModelScope) throws -> Tensor {
    func asked(_ x: Tensor) -> Tensor {
      guard let rows else { return x }
      return x.reshaped(to: [x.shape[0] * x.shape[1], x.shape[2]]).gathering(rows)
    }
    let normal = try scope.child("attentionNorm", DecoderNorm(configuration), x)
    let mixed = try attention(normal, in: &scope)
    let y = asked(x) + (try project(.output, asked(mixed), in: &scope))
    let between = try scope.child("feedForwardNorm", DecoderNorm(configuration), y)
    return y + (try feedForward(between, in: &scope))
  }

  private func project(_ matrix: DecoderMatrix, _ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    try scope.child(matrix.rawValue, projection(matrix), x)
  }

  /// The heads' mixed values, side by side, before their projection.
  private func attention(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let c = configuration
    let (batch, time) = (x.shape[0], x.shape[1])
    func heads(_ matrix: DecoderMatrix, _ count: Int, in scope: inout ModelScope) throws -> Tensor {
      try project(matrix, x, in: &scope).reshaped(to: [batch, time, count, c.headWidth])
    }
    var query = try heads(.query, c.heads, in: &scope)
    var key = try heads(.key, c.keyHeads, in: &scope)
    let value = try heads(.value, c.keyHeads, in: &scope)
    if let rotary { (query, key) = (rotary.turned(query), rotary.turned(key)) }
    return groupedAttention(query: query, key: key, value: value).reshaped(to: [batch, time, c.heads * c.headWidth])
  }

  private func feedForward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let up = try project(.up, x, in: &scope)
    switch configuration.feedForward {
    case .swiGLU: return try project(.down, silu(try project(.gate, x, in: &scope)) * up, in: &scope)
    case .gelu: return try project(.down, tanhGELU(up), in: &scope)
    }
  }
}

/// x Phi(x) with Phi by its approximation (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
func tanhGELU(_ x: Tensor) -> Tensor {
  let inner = 0.7978845608028654 * (x + 0.044715 * (x * x.squared))
  return 0.5 * x * (1 + tanh(inner))
}

/// The normalisation of a decoder.
struct DecoderNorm: Layer {
  let width: Int
  let epsilon: Double
  let kind: DecoderConfiguration.Norm

  init(_ configuration: DecoderConfiguration) {
    (width, epsilon, kind) = (configuration.width, configuration.normEpsilon, configuration.norm)
  }

  func declare(in layout: inout ModelLayout) {
    layout.parameter("scale", [width], .ones)
    if kind == .layer { layout.parameter("shift", [width], .zeros) }
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let scale = try scope.parameter("scale")
    switch kind {
    case .rootMeanSquare: return rootMeanSquareNorm(x, scale: scale, epsilon: epsilon)
    case .layer: return layerNorm(x, scale: scale, shift: try scope.parameter("shift"), epsilon: epsilon)
    }
  }
}

/// x w + b, and the adapter's x a b beside it.
struct Projection: Layer {
  let inputs: Int
  let outputs: Int
  let hasBias: Bool
  let adapter: LowRankAdapter?

  func declare(in layout: inout ModelLayout) {
    layout.parameter("weight", [inputs, outputs], .normal(standardDeviation: 0.02))
    if hasBias { layout.parameter("bias", [outputs], .zeros) }
    if let adapter {
      layout.parameter(
        LowRankAdapter.names.a, [inputs, adapter.rank], .normal(standardDeviation: 1 / Double(inputs).squareRoot()))
      layout.parameter(LowRankAdapter.names.b, [adapter.rank, outputs], .zeros)
    }
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    var y = x.matmul(try scope.parameter("weight"))
    if hasBias { y = y + (try scope.parameter("bias")) }
    guard let adapter else { return y }
    let (a, b) = (try scope.parameter(LowRankAdapter.names.a), try scope.parameter(LowRankAdapter.names.b))
    // What is scaled is narrow, and what is wide is added where y lies.
    return y + (adapter.scale * x.matmul(a)).matmul(b)
  }
}
