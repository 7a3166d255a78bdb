import Arrays

/// Workers that uncover a chain of T coordinates together, without numbers: who knows which, and when.
///
/// Each h seconds a worker's gradient shows it, with probability p_σ, the coordinate after prog_K of what it knew when the
/// gradient began, and what is new goes to the server at once (τ_w = 0). Each τ_s seconds the server sends each worker one of the T
/// coordinates at random, which is empty while nobody has uncovered it. This is the oracle and the zero-respecting protocol
/// themselves; `DiscoveryRace` is what their lower bound makes of them.
public struct DiscoveryProcess: Hashable, Sendable, Codable {
  /// T.
  public var length: Int
  /// K.
  public var window: Int
  /// n.
  public var workers: Int
  /// p_σ.
  public var chance: Double
  /// h, seconds a stochastic gradient.
  public var gradientSeconds: Double
  /// τ_s, seconds a coordinate from the server.
  public var downlinkSeconds: Double

  public init(
    length: Int, window: Int, workers: Int, chance: Double, gradientSeconds: Double = 1, downlinkSeconds: Double = 1
  ) {
    precondition(length > 0 && window > 0 && workers > 0, "A chain has a coordinate, a window and workers.")
    precondition(chance > 0 && chance <= 1, "A chance lies in (0, 1]; got \(chance).")
    precondition(gradientSeconds > 0 && downlinkSeconds > 0, "Gradients and coordinates take some time.")
    (self.length, self.window, self.workers, self.chance) = (length, window, workers, chance)
    (self.gradientSeconds, self.downlinkSeconds) = (gradientSeconds, downlinkSeconds)
  }

  /// What a worker knows.
  package struct Knowledge {
    private var words: [UInt64]
    /// prog_K.
    package private(set) var progress = 0
    private let length: Int
    private let window: Int

    package init(length: Int, window: Int) {
      words = [UInt64](repeating: 0, count: length / 64 + 1)
      (self.length, self.window) = (length, window)
    }

    /// Coordinates are 1...T; those before the first are known.
    package func knows(_ i: Int) -> Bool { i < 1 || words[i >> 6] >> UInt64(i & 63) & 1 == 1 }

    package mutating func learn(_ i: Int) {
      guard !knows(i) else { return }
      words[i >> 6] |= 1 << UInt64(i & 63)
      // Only the run of known coordinates around the new one can be new.
      var last = i
      while last < length, knows(last + 1) { last += 1 }
      guard last > progress else { return }
      var first = i
      while first > last - window + 1, knows(first - 1) { first -= 1 }
      if last - first + 1 >= window { progress = last }
    }
  }

  /// Seconds until somebody knows coordinate T, a function of the key.
  public func time(_ key: RandomKey) -> Double {
    let (sent, shown) = (RandomWords(key.split("sent")), RandomWords(key.split("shown")))
    var known = [Knowledge](repeating: Knowledge(length: length, window: window), count: workers)
    var begun = [Int](repeating: 0, count: workers)
    var (front, gradients, coordinates) = (0, 0, 0)
    while true {
      let (gradientEnd, arrival) = (Double(gradients + 1) * gradientSeconds, Double(coordinates + 1) * downlinkSeconds)
      if gradientEnd <= arrival {
        for worker in 0..<workers {
          if shown.uniform(gradients * workers + worker) < chance {
            known[worker].learn(begun[worker] + 1)
            front = max(front, begun[worker] + 1)
          }
        }
        if front == length { return gradientEnd }
        gradients += 1
        // The next gradients begin at what is known now.
        for worker in 0..<workers { begun[worker] = known[worker].progress }
      } else {
        for worker in 0..<workers {
          let coordinate = 1 + sent.integer(coordinates * workers + worker, below: length)
          if coordinate <= front { known[worker].learn(coordinate) }
        }
        coordinates += 1
      }
    }
  }
}
