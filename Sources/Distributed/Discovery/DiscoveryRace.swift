import Arrays
import Foundation

/// The random sum of the lower bound: blocks of K coordinates, each won by the worker that first gains K/2 of them by one
/// route, lucky gradients or coordinates that the server sends at random.
///
/// t = Σ_{b=1..⌊T/K⌋} min_i min{h Σ_{k<=K/2} η_bik, τ_s Σ_{k<=K/2} μ_bik}, η ~ Geom(p_σ), μ ~ Geom(min(1, 2K/T)). K = 1 is the old chain, one
/// coordinate a block and μ ~ Geom(1/T).
///
/// Source: Tyurin, arXiv 2506.23836.
public struct DiscoveryRace: Hashable, Sendable, Codable {
  /// T, of as many coordinates as the point has.
  public var length: Int
  /// K.
  public var window: Int
  /// n.
  public var workers: Int
  /// p_σ, the chance that a gradient shows a new coordinate.
  public var chance: Double
  /// h, seconds a stochastic gradient.
  public var gradientSeconds: Double
  /// τ_s, seconds a coordinate from the server.
  public var downlinkSeconds: Double

  public init(
    length: Int, window: Int, workers: Int, chance: Double, gradientSeconds: Double = 1, downlinkSeconds: Double = 1
  ) {
    precondition(window > 0 && length >= window && workers > 0, "A race has a block and workers.")
    precondition(chance > 0 && chance <= 1, "A chance lies in (0, 1]; got \(chance).")
    (self.length, self.window, self.workers, self.chance) = (length, window, workers, chance)
    (self.gradientSeconds, self.downlinkSeconds) = (gradientSeconds, downlinkSeconds)
  }

  /// p_K.
  public var hit: Double { window == 1 ? 1 / Double(length) : min(1, 2 * Double(window) / Double(length)) }
  /// Successes that win a block.
  public var needed: Int { max(1, window / 2) }
  /// B.
  public var blocks: Int { length / window }

  /// (B K / n^(1/K)) min{h/p_σ, τ_s/p_K}, the claimed order.
  public var scale: Double {
    Double(blocks * window) * min(gradientSeconds / chance, downlinkSeconds / hit)
      / pow(Double(workers), 1 / Double(window))
  }

  /// t, a function of the key.
  public func time(_ key: RandomKey) -> Double {
    (0..<blocks).reduce(0.0) { sum, block in
      var stream = Stream(words: RandomWords(key.split(block)))
      var (lucky, sent) = (Route(chance, gradientSeconds), Route(hit, downlinkSeconds))
      var best = Double.infinity
      for worker in 0..<workers {
        let place = 2 * worker * needed
        let time = min(lucky.time(&stream, place, needed), sent.time(&stream, place + needed, needed))
        guard time < best else { continue }
        best = time
        lucky.lose(to: best)
        sent.lose(to: best)
      }
      return sum + best
    }
  }

  /// The mean of t where chances are small, so that waiting times are exponential: B ∫ (S(p_σ x/h) S(p_K x/τ_s))^n dx with
  /// S(y) = e^-y Σ_{k<K/2} y^k/k!. It falls as n^(-2/K) in the limit of many workers, and faster before.
  public var expectedTime: Double {
    func logSurvival(_ y: Double) -> Double {
      var (term, sum) = (1.0, 1.0)
      for k in 1..<max(1, needed) {
        term *= y / Double(k)
        sum += term
      }
      return log(sum) - y
    }
    let (gradient, link) = (chance / gradientSeconds, hit / downlinkSeconds)
    func density(_ x: Double) -> Double {
      exp(Double(workers) * (logSurvival(gradient * x) + logSurvival(link * x)))
    }
    // All is over before the end; Simpson's rule on as many steps errs by less than 1e-9 of it.
    var end = 1 / (max(gradient, link) * Double(workers))
    while density(end) > 1e-18 { end *= 1.25 }
    let steps = 4000
    let width = end / Double(steps)
    let sum = (0...steps).reduce(0.0) { sum, i in
      sum + density(Double(i) * width) * (i == 0 || i == steps ? 1 : i.isMultiple(of: 2) ? 2 : 4)
    }
    return Double(blocks) * sum * width / 3
  }

  /// Words of a stream, of which two are made at once.
  private struct Stream {
    let words: RandomWords
    private var block = -1
    private var pair: (UInt64, UInt64) = (0, 0)

    init(words: RandomWords) { self.words = words }

    mutating func uniform(_ index: Int) -> Double {
      if index >> 1 != block {
        block = index >> 1
        pair = words.block(block)
      }
      return Double((index & 1 == 0 ? pair.0 : pair.1) >> 11) * 0x1p-53
    }
  }

  /// Trials of one chance, each of as many seconds. Whoever has lost to the best so far is not followed to the end: of many
  /// workers hardly one needs a logarithm, and the best is the same to the last bit.
  private struct Route {
    private let (chance, seconds, scale): (Double, Double, Double)
    /// The best so far, and the numbers from 0 to 1 up to which one wait alone is longer.
    private var (limit, lost) = (Double.infinity, -1.0)

    init(_ chance: Double, _ seconds: Double) {
      (self.chance, self.seconds, scale) = (chance, seconds, chance < 1 ? 1 / log1p(-chance) : 0)
    }

    mutating func lose(to best: Double) {
      limit = best
      // A little more than the best, and two roundings less than 1: nobody is lost who is not.
      if chance < 1 { lost = exp(best * (1 + 1e-9) / (seconds * scale)) - 0x1p-52 }
    }

    /// Seconds until as many successes, each a geometric number of trials; infinity where that is no less than the best.
    func time(_ stream: inout Stream, _ start: Int, _ needed: Int) -> Double {
      if chance >= 1 { return seconds * Double(needed) }
      var trials = 0.0
      for index in start..<start + needed {
        let rest = 1 - stream.uniform(index)
        if rest <= lost { return .infinity }
        trials += max(1, (log(rest) * scale).rounded(.up))
        if seconds * trials >= limit { return .infinity }
      }
      return seconds * trials
    }
  }
}
