import Arrays
import Foundation

/// Regression of sine waves, the known case of meta-learning: amplitude in 0.1...5, phase in 0...pi, inputs in -5...5
/// (Finn, Abbeel, Levine 2017, section 5.1).
public struct SinusoidTasks: Sendable {
  /// Points to adapt to.
  public let shots: Int
  /// Points to be judged by.
  public let queries: Int

  public init(shots: Int = 10, queries: Int = 10) { (self.shots, self.queries) = (shots, queries) }

  /// Inputs and targets of support and query, [points, 1] each, of the task of a key.
  public func task(_ key: RandomKey, _ type: ElementType = .float32) -> [NDArray] {
    let amplitude = key.split("amplitude").uniform([], from: 0.1, to: 5, .float64).item
    let phase = key.split("phase").uniform([], from: 0, to: .pi, .float64).item
    return [("support", shots), ("query", queries)].flatMap { name, count -> [NDArray] in
      let x = key.split(name).uniform([count, 1], from: -5, to: 5, .float64)
      let y = NDArray(x.doubles.map { amplitude * sin($0 - phase) }, shape: [count, 1])
      return [x.converted(to: type), y.converted(to: type)]
    }
  }

  /// The types of a task's four arrays.
  public func types(_ type: ElementType = .float32) -> [TensorType] {
    [shots, shots, queries, queries].map { TensorType([$0, 1], type) }
  }
}
