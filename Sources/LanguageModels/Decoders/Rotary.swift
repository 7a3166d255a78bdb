import Foundation
import Graphs

/// Rotary positions: pair i of a head's numbers is turned by the angle position * base^(-2i / width) (Su et al. 2021).
public struct Rotary: Sendable, Hashable, Codable {
  /// Which numbers of a head make a pair.
  public enum Layout: String, Sendable, Codable, CaseIterable {
    /// i and i + width / 2, as in checkpoints for Hugging Face's library.
    case halves
    /// 2i and 2i + 1, as in the paper and in GGUF files of the architecture llama.
    case adjacent
  }

  /// θ: the larger, the slower the slowest pair turns; 10000 in the paper.
  public var base: Double
  /// Which numbers of a head make a pair.
  public var layout: Layout
  /// What each pair's frequency is divided by; empty for 1.
  public var factors: [Double]

  public init(base: Double = 10000, layout: Layout = .halves, factors: [Double] = []) {
    self.base = base
    self.layout = layout
    self.factors = factors
  }

  /// The angle by which a pair turns from one position to the next.
  public func frequencies(headWidth: Int) -> [Double] {
    (0..<headWidth / 2).map { pow(base, -2 * Double($0) / Double(headWidth)) / (factors.isEmpty ? 1 : factors[$0]) }
  }

  /// The numbers of each position turned by it.
  ///
  /// - Parameters:
  ///   - x: [batch, time, heads, width].
  ///   - start: the position of the first.
  public func callAsFunction(_ x: Tensor, from start: Int = 0) -> Tensor {
    guard x.rank == 4, x.shape[3] % 2 == 0 else { return x.reshaped(to: [-1, -1]) }
    let (time, width) = (x.shape[1], x.shape[3])
    let frequencies = frequencies(headWidth: width)
    var cosines: [Double] = []
    var sines: [Double] = []
    for t in 0..<time {
      let angles = frequencies.map { Double(start + t) * $0 }
      switch layout {
      case .halves:
        cosines += (angles + angles).map { cos($0) }
        sines += angles.map { -sin($0) } + angles.map { sin($0) }
      case .adjacent:
        cosines += angles.flatMap { [cos($0), cos($0)] }
        sines += angles.flatMap { [-sin($0), sin($0)] }
      }
    }
    // A pair (a, b) becomes (a cos - b sin, b cos + a sin): the pair times cosines, and the pair turned round, which is
    // only another order of reading, times signed sines.
    let pairs: Shape = layout == .halves ? [2, width / 2] : [width / 2, 2]
    let axis = layout == .halves ? 3 : 4
    let split = x.reshaped(to: Shape(Array(x.shape.dimensions.prefix(3)) + pairs.dimensions))
    func table(_ values: [Double]) -> Tensor {
      x.graph.constant(
        NDArray(values, shape: Shape([1, time, 1] + pairs.dimensions)).converted(to: x.elementType))
    }
    return (split * table(cosines) + split.reversed(axes: [axis]) * table(sines)).reshaped(to: x.shape)
  }
}

extension Rotary {
  /// For each row of a matrix whose rows are heads with adjacent pairs, the row that it has with pairs in halves.
  ///
  /// - Returns: for position p in halves order, the row in adjacent order.
  static func adjacentRows(heads: Int, headWidth: Int) -> [Int] {
    (0..<heads).flatMap { head in
      (0..<2).flatMap { part in (0..<headWidth / 2).map { head * headWidth + 2 * $0 + part } }
    }
  }
}
