import Compilation
import Foundation
import Parameters

/// The largest singular value of any linear map that tensors can express, by power iteration.
///
/// Aᵀ A x is the gradient of ½|A x|², so the map needs no adjoint of its own.
public struct LinearMapNorm: Sendable {
  /// The largest singular value, from below: power iteration approaches it so.
  public let value: Double
  /// The right singular vector, of the input's shape, float64.
  public let vector: NDArray
  /// Steps that were made.
  public let iterations: Int

  /// - Parameters:
  ///   - weights: what the map is made of, float64.
  ///   - input: shape of x.
  ///   - tolerance: relative change of the value between two iterations that ends them.
  ///   - map: x and the weights to A x; linear in x.
  /// - Throws: `LipschitzError` where the iterations do not settle or the map is zero; `ShapeError`.
  public init(
    _ weights: [NDArray], input: Shape, tolerance: Double = 1e-10, limit: Int = 5000, key: RandomKey,
    map: (Tensor, [Tensor]) throws -> Tensor
  ) throws {
    let types = [TensorType(input, .float64)] + weights.map { TensorType(of: $0) }
    let program = try Program(inputs: types) { _, x in
      let image = try map(x[0], Array(x.dropFirst()))
      let energy = 0.5 * image.squared.sum()
      let next = gradients(of: energy, withRespectTo: [x[0]])[0]
      let norm = sqrt(next.squared.sum())
      return [next / norm.broadcast(to: next.shape), norm]
    }
    var x = key.normal(input, .float64)
    var (last, settled) = (0.0, 0)
    for iteration in 1...limit {
      let results = try program.run([x] + weights)
      x = results[0]
      // |AᵀA x| of a unit x rises to s₁².
      let value = results[1].item.squareRoot()
      guard value > 0, value.isFinite else { throw LipschitzError("the map's norm is \(value)") }
      settled = iteration > 1 && abs(value - last) <= tolerance * value ? settled + 1 : 0
      last = value
      if settled == 3 {
        (self.value, vector, iterations) = (value, x, iteration)
        return
      }
    }
    throw LipschitzError("the norm does not settle in \(limit) iterations; it was \(last) at the last")
  }
}

/// Operator norms of a convolution at stride 1 with weights HWIO.
public enum ConvolutionNorm {
  /// The weights as the matrix [height · width · channels, features] whose dynamics are followed; its norm times
  /// √(height · width) bounds the convolution's.
  public static func matrix(_ weights: NDArray) -> NDArray {
    let features = weights.shape[-1]
    return weights.reshaped(to: [weights.count / features, features]).converted(to: .float64)
  }

  /// The exact norm on a torus (circular padding): at each frequency of the plane the convolution is one matrix
  /// [features, channels], and the largest of their norms is the convolution's (Sedghi, Gupta, Long 2019).
  ///
  /// - Throws: `LinearAlgebraError`.
  public static func circular(_ weights: NDArray, height: Int, width: Int) throws -> Double {
    precondition(weights.shape.rank == 4 && height > 0 && width > 0, "weights HWIO and a plane")
    let (kh, kw, c, f) = (weights.shape[0], weights.shape[1], weights.shape[2], weights.shape[3])
    let taps = weights.doubles
    var largest = 0.0
    // Real weights: a frequency and its negative have the same norm.
    for a in 0...height / 2 {
      for b in 0..<width {
        var real = [Double](repeating: 0, count: f * c)
        var imaginary = real
        for y in 0..<kh {
          for x in 0..<kw {
            let angle = -2 * Double.pi * (Double(a * y) / Double(height) + Double(b * x) / Double(width))
            let (cosine, sine) = (cos(angle), sin(angle))
            for i in 0..<c * f {
              let tap = taps[(y * kw + x) * c * f + i]
              real[i] += tap * cosine
              imaginary[i] += tap * sine
            }
          }
        }
        largest = max(largest, try complexNorm(real, imaginary, c, f))
      }
    }
    return largest
  }

  /// A complex matrix X + iY has the singular values of (X -Y; Y X), each twice.
  private static func complexNorm(_ x: [Double], _ y: [Double], _ m: Int, _ n: Int) throws -> Double {
    var block = [Double](repeating: 0, count: 4 * m * n)
    for i in 0..<m {
      for j in 0..<n {
        block[i * 2 * n + j] = x[i * n + j]
        block[i * 2 * n + n + j] = -y[i * n + j]
        block[(m + i) * 2 * n + j] = y[i * n + j]
        block[(m + i) * 2 * n + n + j] = x[i * n + j]
      }
    }
    return try LinearAlgebra.singularValueDecomposition(of: NDArray(block, shape: [2 * m, 2 * n])).s[flat: 0]
  }
}
