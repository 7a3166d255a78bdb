/// What each step is told besides its inputs: how far the descent is, and its randomness. Both are written in place, as small steps feel an
/// allocation.
struct StepClock {
  static let types: Tree<TensorType> = ["counters": TensorType([3]), "key": TensorType([2], .int32)]

  /// Samples of one step, and steps of one epoch.
  let (sampleCount, stepsPerEpoch): (Int, Int)
  private var counters = NDArray([Float](repeating: 0, count: 3))
  private var key: NDArray

  /// - Parameter descents: whose keys stand one below the other, [descents, 2]; nil for one descent, [2].
  init(sampleCount: Int, stepsPerEpoch: Int, descents: Int? = nil) {
    (self.sampleCount, self.stepsPerEpoch) = (sampleCount, stepsPerEpoch)
    key = .zeros(descents.map { [$0, 2] } ?? [2], .int32)
  }

  /// Updates, samples and epochs before a step, [3], float32.
  mutating func counters(_ step: Int) -> NDArray {
    let (samples, epochs) = (Double(step) * Double(sampleCount), Double(step) / Double(stepsPerEpoch))
    counters.withUnsafeMutableElements(of: Float.self) { numbers in
      (numbers[0], numbers[1], numbers[2]) = (Float(step), Float(samples), Float(epochs))
    }
    return counters
  }

  /// The children of keys for a step, int32.
  mutating func key(_ keys: [RandomKey], _ step: Int) -> NDArray {
    key.withUnsafeMutableElements(of: Int32.self) { words in
      for (index, key) in keys.enumerated() {
        let bits = key.split(step).bits
        words[2 * index] = Int32(truncatingIfNeeded: bits)
        words[2 * index + 1] = Int32(truncatingIfNeeded: bits >> 32)
      }
    }
    return key
  }

  /// The key of a step that draws nothing.
  var noKey: NDArray { key }
}
