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
    Self.multiply(weight, x, tokens, y)
    if let adapter {
      let rank = adapter.a.shape[0]
      withUnsafeTemporaryAllocation(of: Float.self, capacity: tokens * (rank + outputs)) { scratch in
        let (inner, change) = (scratch.baseAddress!, scratch.baseAddress! + tokens * rank)
        Self.multiply(adapter.a, x, tokens, inner)
        Self.multiply(adapter.b, inner, tokens, change)
        for i in 0..<tokens * outputs { y[i] += adapter.scale * change[i] }
      }
    }
    guard !bias.isEmpty else { return }
    for t in 0..<tokens { for i in 0..<outputs { y[t * outputs + i] += bias[i] } }
  }

  private static func multiply(
    _ weight: StoredWeight, _ x: UnsafePointer<Float>, _ tokens: Int, _ y: UnsafeMutablePointer<Float>
  ) {
    ck_weights_multiply(
      weight.encoding.kernelType, weight.bytes.baseAddress!, Int64(weight.shape[0]), Int64(weight.shape[1]), x,
      Int64(tokens), y, Int64(weight.shape[0]))
    withExtendedLifetime(weight.owner) {}
  }
}
