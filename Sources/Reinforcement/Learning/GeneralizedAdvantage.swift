/// Advantages as discounted sums of one-step errors (Schulman et al., "High-dimensional continuous control using generalized
/// advantage estimation", 2016, equation 16).
public enum GeneralizedAdvantage {
  /// - Parameters:
  ///   - rewards, values, nextValues: by step, then by lane: index step · lanes + lane. `nextValues` are those of what a step
  ///     led to, before any reset.
  ///   - terminated: where nothing comes after. - ended: where an episode ended, for whatever reason.
  /// - Returns: advantages, in the same order; added to `values` they are the targets of the value.
  public static func advantages(
    rewards: [Float], values: [Float], nextValues: [Float], terminated: [Bool], ended: [Bool], lanes: Int,
    discount: Float, lambda: Float
  ) -> [Float] {
    var result = [Float](repeating: 0, count: rewards.count)
    for index in rewards.indices.reversed() {
      let error = rewards[index] + (terminated[index] ? 0 : discount * nextValues[index]) - values[index]
      let later = index + lanes
      result[index] = error + (ended[index] || later >= rewards.count ? 0 : discount * lambda * result[later])
    }
    return result
  }
}
