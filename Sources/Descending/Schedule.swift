import Foundation

/// A stretch of a descent, in its own unit.
public enum Duration: Hashable, Sendable, CustomStringConvertible {
  case updates(Double)
  case samples(Double)
  case epochs(Double)

  /// The number, in the duration's own unit.
  public var amount: Double {
    switch self {
    case .updates(let n), .samples(let n), .epochs(let n): n
    }
  }

  public var description: String {
    switch self {
    case .updates(let n): "\(n)updates"
    case .samples(let n): "\(n)samples"
    case .epochs(let n): "\(n)epochs"
    }
  }

  func elapsed(_ counters: Counters) -> Tensor {
    switch self {
    case .updates: counters.updates
    case .samples: counters.samples
    case .epochs: counters.epochs
    }
  }
}

/// A number that changes during a descent, evaluated while training (traced) and on paper (Double) alike.
public indirect enum Schedule: Hashable, Sendable, CustomStringConvertible {
  case constant(Double)
  /// Straight from one value to another, then constant.
  case linear(from: Double, to: Double, over: Duration)
  /// Half a cosine from one value down to another, then constant (Loshchilov and Hutter, "SGDR", 2017).
  case cosine(from: Double, to: Double = 0, over: Duration)
  /// Times a factor after each stretch.
  case steps(Double, factor: Double, every: Duration)
  /// Times a factor over each stretch, continuously.
  case exponential(Double, factor: Double, over: Duration)
  /// Falling as a power of time: the value times (1 + t / over)^-exponent (Robbins and Monro, 1951).
  case power(Double, exponent: Double, over: Duration)
  /// Straight up from 0 to a schedule's first value, then the schedule; both count from the start.
  case warmUp(Duration, then: Schedule)
  /// One schedule for a stretch, then another, which counts from the stretch's end.
  case join(Schedule, over: Duration, then: Schedule)
  /// A schedule that begins anew after each stretch: a cosine with restarts (Loshchilov and Hutter, "SGDR", 2017), cyclical rates
  /// (Smith, "Cyclical learning rates for training neural networks", 2017).
  case repeated(Schedule, every: Duration)

  public var description: String {
    switch self {
    case .constant(let value): "\(value)"
    case .linear(let from, let to, let over): "linear(\(from), \(to), \(over))"
    case .cosine(let from, let to, let over): "cosine(\(from), \(over), \(to))"
    case .steps(let value, let factor, let every): "steps(\(value), \(factor), \(every))"
    case .exponential(let value, let factor, let over): "exponential(\(value), \(factor), \(over))"
    case .power(let value, let exponent, let over): "power(\(value), \(exponent), \(over))"
    case .warmUp(let duration, let next): "warmup(\(duration), \(next))"
    case .join(let first, let over, let next): "join(\(first), \(over), \(next))"
    case .repeated(let schedule, let every): "repeat(\(schedule), \(every))"
    }
  }

  /// The least value that it ever has: a rate below 0 would climb.
  public var minimum: Double {
    switch self {
    case .constant(let value): value
    case .linear(let from, let to, _), .cosine(let from, let to, _): Swift.min(from, to)
    case .steps(let value, _, _), .exponential(let value, _, _), .power(let value, _, _): Swift.min(value, 0)
    case .warmUp(_, let next): Swift.min(next.minimum, 0)
    case .join(let first, _, let next): Swift.min(first.minimum, next.minimum)
    case .repeated(let schedule, _): schedule.minimum
    }
  }

  /// How long it names: epochs to the end of its last stretch in epochs, and to where it has fallen to its end, whatever the unit;
  /// 0 where it names neither.
  ///
  /// - Parameters:
  ///   - updates: of an epoch.
  ///   - batch: samples of an update.
  package func epochs(updates: Int, batch: Int) -> Double {
    func own(_ duration: Duration, counts: Bool = false) -> Double {
      switch duration {
      case .epochs(let n): n
      case .updates(let n): counts ? n / Double(updates) : 0
      case .samples(let n): counts ? n / (Double(updates) * Double(batch)) : 0
      }
    }
    switch self {
    case .constant: return 0
    case .linear(let from, let to, let over), .cosine(let from, let to, let over): return own(over, counts: to < from)
    case .steps(_, _, let over), .exponential(_, _, let over), .power(_, _, let over), .repeated(_, let over):
      return own(over)
    case .warmUp(let over, let next): return max(own(over), next.epochs(updates: updates, batch: batch))
    case .join(_, let over, let next):
      let rest = next.epochs(updates: updates, batch: batch)
      return rest > 0 ? own(over, counts: true) + rest : own(over)
    }
  }

  /// Epochs until it has come to its end: a rate that falls to one has an end, and a warm-up before it counts. 0 where it has none,
  /// as of what stays, rises or falls for ever: scales of time are no length.
  ///
  /// - Parameters:
  ///   - updates: of an epoch.
  ///   - batch: samples of an update.
  package func end(updates: Int, batch: Int) -> Double {
    func epochs(_ duration: Duration) -> Double {
      Schedule.linear(from: 1, to: 0, over: duration).epochs(updates: updates, batch: batch)
    }
    switch self {
    case .linear(let from, let to, let over), .cosine(let from, let to, let over): return to < from ? epochs(over) : 0
    case .warmUp(let over, let next):
      let end = next.end(updates: updates, batch: batch)
      return end > 0 ? max(end, epochs(over)) : 0
    case .join(_, let over, let next):
      let rest = next.end(updates: updates, batch: batch)
      return rest > 0 ? epochs(over) + rest : 0
    case .constant, .steps, .exponential, .power, .repeated: return 0
    }
  }

  /// The same where it counts one of so many updates.
  func slowed(by count: Int) -> Schedule {
    func slow(_ duration: Duration) -> Duration {
      if case .updates(let n) = duration { .updates(n * Double(count)) } else { duration }
    }
    switch self {
    case .constant: return self
    case .linear(let from, let to, let over): return .linear(from: from, to: to, over: slow(over))
    case .cosine(let from, let to, let over): return .cosine(from: from, to: to, over: slow(over))
    case .steps(let value, let factor, let every): return .steps(value, factor: factor, every: slow(every))
    case .exponential(let value, let factor, let over): return .exponential(value, factor: factor, over: slow(over))
    case .power(let value, let exponent, let over): return .power(value, exponent: exponent, over: slow(over))
    case .warmUp(let over, let next): return .warmUp(slow(over), then: next.slowed(by: count))
    case .join(let first, let over, let next):
      return .join(first.slowed(by: count), over: slow(over), then: next.slowed(by: count))
    case .repeated(let schedule, let every): return .repeated(schedule.slowed(by: count), every: slow(every))
    }
  }

  /// The value at a point of the descent, as a float32 scalar.
  public func value(at counters: Counters) -> Tensor {
    func fraction(_ over: Duration) -> Tensor { min(over.elapsed(counters) * (1 / over.amount), 1) }
    switch self {
    case .constant(let value): return counters.updates.filled(with: value)
    case .linear(let from, let to, let over): return from + (to - from) * fraction(over)
    case .cosine(let from, let to, let over): return to + (0.5 * (from - to)) * (1 + cos(fraction(over) * Double.pi))
    case .steps(let value, let factor, let every):
      return value * exp(Self.passed(in: every, at: counters) * Foundation.log(factor))
    case .exponential(let value, let factor, let over):
      return value * exp(over.elapsed(counters) * (Foundation.log(factor) / over.amount))
    case .power(let value, let exponent, let over):
      return value * exp(-exponent * log1p(over.elapsed(counters) * (1 / over.amount)))
    case .warmUp(let duration, let next): return next.value(at: counters) * fraction(duration)
    case .join(let first, let over, let next):
      let hasPassed = Self.passed(in: over, at: counters) .>= 1
      return select(hasPassed, next.value(at: counters.since(over)), first.value(at: counters))
    case .repeated(let schedule, let every):
      return schedule.value(at: counters.since(every, times: Self.passed(in: every, at: counters)))
    }
  }

  /// Whole stretches that have passed.
  package static func passed(in every: Duration, at counters: Counters) -> Tensor {
    // A hair more than the quotient, so that the end of a stretch counts as its end in float32, whose two roundings
    // are 1.2e-7 of the quotient together.
    floor(every.elapsed(counters) * ((1 + 1.5e-7) / every.amount) + 1e-6)
  }

  /// The value after that many updates, samples and epochs.
  public func value(updates: Double, samples: Double, epochs: Double) -> Double {
    func elapsed(_ duration: Duration) -> Double {
      switch duration {
      case .updates: updates
      case .samples: samples
      case .epochs: epochs
      }
    }
    func fraction(_ over: Duration) -> Double { Swift.min(elapsed(over) / over.amount, 1) }
    switch self {
    case .constant(let value): return value
    case .linear(let from, let to, let over): return from + (to - from) * fraction(over)
    case .cosine(let from, let to, let over):
      return to + 0.5 * (from - to) * (1 + Foundation.cos(fraction(over) * Double.pi))
    case .steps(let value, let factor, let every):
      return value * Foundation.pow(factor, (elapsed(every) * ((1 + 1.5e-7) / every.amount) + 1e-6).rounded(.down))
    case .exponential(let value, let factor, let over):
      return value * Foundation.pow(factor, elapsed(over) / over.amount)
    case .power(let value, let exponent, let over):
      return value * Foundation.pow(1 + elapsed(over) / over.amount, -exponent)
    case .warmUp(let duration, let next):
      return next.value(updates: updates, samples: samples, epochs: epochs) * fraction(duration)
    case .join(let first, let over, let next):
      guard elapsed(over) * ((1 + 1.5e-7) / over.amount) + 1e-6 >= 1 else {
        return first.value(updates: updates, samples: samples, epochs: epochs)
      }
      let left = max(1 - over.amount / elapsed(over), 0)
      return next.value(updates: updates * left, samples: samples * left, epochs: epochs * left)
    case .repeated(let schedule, let every):
      let passed = (elapsed(every) * ((1 + 1.5e-7) / every.amount) + 1e-6).rounded(.down)
      let left = elapsed(every) > 0 ? max(1 - passed * every.amount / elapsed(every), 0) : 0
      return schedule.value(updates: updates * left, samples: samples * left, epochs: epochs * left)
    }
  }
}

extension Counters {
  /// What has passed since the end of a stretch, or of several, at least 0. Updates, samples and epochs grow in step: what the
  /// stretch has of all in its own unit, it has in each.
  fileprivate func since(_ stretch: Duration, times: Tensor? = nil) -> Counters {
    let elapsed = stretch.elapsed(self)
    let end = times.map { stretch.amount * $0 } ?? elapsed.filled(with: stretch.amount)
    let share = min(end / max(elapsed, 1e-30), 1)
    var left = Counters(
      updates: updates - updates * share, samples: samples - samples * share, epochs: epochs - epochs * share)
    // In its own unit to the last bit.
    let own = max(elapsed - end, 0)
    switch stretch {
    case .updates: left.updates = own
    case .samples: left.samples = own
    case .epochs: left.epochs = own
    }
    return left
  }
}
