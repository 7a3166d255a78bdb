/// The matrices of a block.
public enum DecoderMatrix: String, Sendable, Hashable, Codable, CaseIterable {
  case query, key, value, output, gate, up, down

  /// Those that a configuration has.
  public static func all(in configuration: DecoderConfiguration) -> [DecoderMatrix] {
    allCases.filter { $0 != .gate || configuration.feedForward == .swiGLU }
  }

  func extents(in c: DecoderConfiguration) -> (inputs: Int, outputs: Int) {
    switch self {
    case .query: (c.width, c.heads * c.headWidth)
    case .key, .value: (c.width, c.keyHeads * c.headWidth)
    case .output: (c.heads * c.headWidth, c.width)
    case .gate, .up: (c.width, c.feedForwardWidth)
    case .down: (c.feedForwardWidth, c.width)
    }
  }

  func hasBias(in c: DecoderConfiguration) -> Bool {
    switch self {
    case .query, .key, .value: c.hasAttentionBias
    default: c.hasBias
    }
  }
}
