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
    return RotaryTables(self, time: x.shape[1], headWidth: x.shape[3], from: start, x.elementType).turned(x)
  }
}

/// Cosines and signed sines of all positions, which all blocks of a decoder share.
struct RotaryTables {
  private let layout: Rotary.Layout
  /// [1, time, 1] and the extents of halves and pairs.
  private let cosines: NDArray
  private let sines: NDArray

  /// - Parameter start: the first position.
  init(_ rotary: Rotary, time: Int, headWidth width: Int, from start: Int = 0, _ type: ElementType) {
    layout = rotary.layout
    let frequencies = rotary.frequencies(headWidth: width)
    var (cosines, sines): ([Double], [Double]) = ([], [])
    for t in 0..<time {
      let angles = frequencies.map { Double(start + t) * $0 }
      let (c, s) = (angles.map { cos($0) }, angles.map { sin($0) })
      switch layout {
      case .halves:
        cosines += c + c
        sines += s.map { -$0 } + s
      case .adjacent:
        cosines += c.flatMap { [$0, $0] }
        sines += s.flatMap { [-$0, $0] }
      }
    }
    let shape = Shape([1, time, 1] + (layout == .halves ? [2, width / 2] : [width / 2, 2]))
    self.cosines = NDArray(cosines, shape: shape).converted(to: type)
    self.sines = NDArray(sines, shape: shape).converted(to: type)
  }

  /// Queries or keys [batch, time, heads, width] turned by their positions.
  ///
  /// A pair (a, b) becomes (a cos - b sin, b cos + a sin): the pair times cosines, and the pair turned round, which is
  /// only another order of reading, times signed sines.
  func turned(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[3] == cosines.shape[3] * cosines.shape[4] else { return x.reshaped(to: [-1, -1]) }
    let split = x.reshaped(to: Shape(Array(x.shape.dimensions.prefix(3)) + cosines.shape.dimensions.suffix(2)))
    let other = split.reversed(axes: [layout == .halves ? 3 : 4])
    return (split * x.graph.constant(cosines) + other * x.graph.constant(sines)).reshaped(to: x.shape)
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
