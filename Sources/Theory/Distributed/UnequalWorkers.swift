import Foundation

/// Workers of different speeds: the time of Rennala SGD and the equilibrium time of Shadowheart SGD.
public enum UnequalWorkers {
  /// Rennala SGD's time without communication: min_m [(1/m Σ_{i<=m} 1/h_i)^-1 (R + S R/m)], the h_i rising.
  ///
  /// Source: Tyurin and Richtárik, "Optimal time complexities of parallel stochastic optimization methods", NeurIPS 2023.
  public static func rennalaTime(gradientSeconds: [Double], rounds: Double, samples: Double) -> Double {
    precondition(!gradientSeconds.isEmpty && gradientSeconds.allSatisfy { $0 > 0 }, "Workers take some time.")
    var (best, speed) = (Double.infinity, 0.0)
    for (index, h) in gradientSeconds.sorted().enumerated() {
      let m = Double(index + 1)
      speed += 1 / h
      best = min(best, m / speed * (rounds + samples * rounds / m))
    }
    return best
  }

  /// The seconds t* in which all workers that take part give one good estimate; Shadowheart SGD takes Θ(R t*).
  ///
  /// Workers sorted by max{h, τ}; s*(j) solves (Σ_{i<=j} [2 τ_i ω + 4 τ_i h_i S ω/s + 2 h_i S]^-1)^-1 = s, and
  /// t* = min_j max{max(h_j, τ_j), s*(j)}.
  ///
  /// Source: Tyurin, Pozzi, Ilin, Richtárik, "Shadowheart SGD", NeurIPS 2024, arXiv 2402.04785.
  /// - Parameters:
  ///   - gradientSeconds: h_i.
  ///   - packetSeconds: τ_i, for one compressed vector from worker i to the server.
  ///   - variance: ω of the compressor.
  ///   - samples: S = σ²/ε.
  public static func equilibriumTime(
    gradientSeconds: [Double], packetSeconds: [Double], variance omega: Double, samples: Double
  ) -> Double {
    precondition(!gradientSeconds.isEmpty && gradientSeconds.count == packetSeconds.count, "An h and a τ a worker.")
    let workers = zip(gradientSeconds, packetSeconds).sorted { max($0.0, $0.1) < max($1.0, $1.1) }
    func slowest(_ j: Int) -> Double { max(workers[j].0, workers[j].1) }
    func balance(_ j: Int) -> Double {
      // s Σ 1/(...) rises with s, from 0.
      func exceeds(_ s: Double) -> Bool {
        var sum = 0.0
        for (h, tau) in workers[...j] {
          let cost = 2 * tau * omega + 4 * tau * h * samples * omega / s + 2 * h * samples
          if cost == 0 { return true }
          sum += s / cost
        }
        return sum >= 1
      }
      guard !exceeds(.leastNormalMagnitude) else { return 0 }
      var exponents = -60.0...60.0
      while exceeds(exp2(exponents.lowerBound)) { exponents = exponents.lowerBound - 60...exponents.upperBound }
      while !exceeds(exp2(exponents.upperBound)) { exponents = exponents.lowerBound...exponents.upperBound + 60 }
      return exp2(bisection(exponents, steps: 60) { exceeds(exp2($0)) })
    }
    // The first rises with j and the second falls: the best lies where they cross.
    var (low, high) = (0, workers.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if slowest(middle) >= balance(middle) { high = middle } else { low = middle + 1 }
    }
    func time(_ j: Int) -> Double { max(slowest(j), balance(j)) }
    return low > 0 ? min(time(low), time(low - 1)) : time(low)
  }
}
