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
    write(step..<step + 1, counters: &counters)
    return counters
  }

  /// Those before each of several steps, [steps, 3].
  func counters(_ steps: Range<Int>) -> NDArray {
    var result = NDArray(uninitialized: [steps.count, 3], .float32)
    write(steps, counters: &result)
    return result
  }

  private func write(_ steps: Range<Int>, counters: inout NDArray) {
    counters.withUnsafeMutableElements(of: Float.self) { numbers in
      for (row, step) in steps.enumerated() {
        let (samples, epochs) = (Double(step) * Double(sampleCount), Double(step) / Double(stepsPerEpoch))
        (numbers[3 * row], numbers[3 * row + 1], numbers[3 * row + 2]) = (Float(step), Float(samples), Float(epochs))
      }
    }
  }

  /// The children of keys for a step, int32.
  mutating func key(_ keys: [RandomKey], _ step: Int) -> NDArray {
    write(keys, step..<step + 1, key: &key)
    return key
  }

  /// Those for each of several steps, with a first axis of steps.
  func key(_ keys: [RandomKey], _ steps: Range<Int>) -> NDArray {
    var result = NDArray(uninitialized: Shape([steps.count] + key.shape.dimensions), .int32)
    write(keys, steps, key: &result)
    return result
  }

  private func write(_ keys: [RandomKey], _ steps: Range<Int>, key: inout NDArray) {
    key.withUnsafeMutableElements(of: Int32.self) { words in
      var next = 0
      for step in steps {
        for key in keys {
          let bits = key.split(step).bits
          words[next] = Int32(truncatingIfNeeded: bits)
          words[next + 1] = Int32(truncatingIfNeeded: bits >> 32)
          next += 2
        }
      }
    }
  }

  /// The key of a step that draws nothing.
  var noKey: NDArray { key }
}
