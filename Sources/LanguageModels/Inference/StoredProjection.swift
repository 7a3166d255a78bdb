import Arrays
import CKernels

/// x w + b straight from weights as they are stored, and an adapter's share beside it.
struct StoredProjection: Sendable {
  let weight: StoredWeight
  let bias: [Float]
  let adapter: Adapter?

  struct Adapter: Sendable {
    /// [rank, inputs] and [outputs, rank].
    let a: StoredWeight
    let b: StoredWeight
    let scale: Float
  }

  var inputs: Int { weight.shape[1] }
  var outputs: Int { weight.shape[0] }

  /// y[t] = x[t] w + b for so many tokens; x: [tokens, inputs], y: [tokens, outputs].
  func apply(_ x: UnsafePointer<Float>, tokens: Int, to y: UnsafeMutablePointer<Float>) {
    Self.apply([(self, y)], x, tokens: tokens)
  }

  /// The same of several projections of one input, which threads share as one piece of work.
  static func apply(
    _ projections: [(projection: StoredProjection, y: UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>,
    tokens: Int
  ) {
    multiply(projections.map { ($0.projection.weight, $0.y) }, x, tokens)
    for (projection, y) in projections { projection.addRest(x, tokens, to: y) }
  }

  /// The adapter's share and the bias.
  private func addRest(_ x: UnsafePointer<Float>, _ tokens: Int, to y: UnsafeMutablePointer<Float>) {
    if let adapter {
      let rank = adapter.a.shape[0]
      withUnsafeTemporaryAllocation(of: Float.self, capacity: tokens * (rank + outputs)) { scratch in
        let (inner, change) = (scratch.baseAddress!, scratch.baseAddress! + tokens * rank)
        Self.multiply([(adapter.a, inner)], x, tokens)
        Self.multiply([(adapter.b, change)], inner, tokens)
        for i in 0..<tokens * outputs { y[i] += adapter.scale * change[i] }
      }
    }
    guard !bias.isEmpty else { return }
    for t in 0..<tokens { for i in 0..<outputs { y[t * outputs + i] += bias[i] } }
  }

  private static func multiply(
    _ weights: [(StoredWeight, UnsafeMutablePointer<Float>)], _ x: UnsafePointer<Float>, _ tokens: Int
  ) {
    let rows = weights.map { weight, y in
      ck_weight_rows(
        type: weight.encoding.kernelType, weights: weight.bytes.baseAddress!, rows: Int64(weight.shape[0]), y: y,
        y_stride: Int64(weight.shape[0]))
    }
    ck_weights_multiply(rows, Int64(rows.count), Int64(weights[0].0.shape[1]), x, Int64(tokens))
    withExtendedLifetime(weights) {}
  }
}
