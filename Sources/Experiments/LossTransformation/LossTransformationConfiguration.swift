import Descending

/// Descent on powers of the loss against plain descent, each with its best rate and exponent of an equal search.
public struct LossTransformationConfiguration: SeededConfiguration {
  /// One problem: how long it is descended, and where rates are searched.
  public struct Problem: Codable, Sendable, Equatable {
    /// Updates of a descent.
    public var steps: Int
    /// Samples in one update; the number of starts for the double well.
    public var batch: Int
    /// Hidden units, or features of the first convolution.
    public var width: Int
    /// Training examples of each seed, which no other seed has; the double well has none.
    public var examples: Int
    /// The loss whose first passing is timed.
    public var level: Double
    /// Lowest and highest rate of the search.
    public var sgdRates: [Double]
    /// The same for Adam.
    public var adamRates: [Double]
    /// Rates for each exponent; a plain method has as many as all its transformed forms have trials together.
    public var rates: Int
  }

  /// The double well (x² - 1)² + tilt x + offset.
  public struct Well: Codable, Sendable, Equatable {
    /// Slope added to the double well.
    public var tilt: Double
    /// Height added, so that no loss is below 0.
    public var offset: Double
    /// Standard deviation of noise added to the double well's gradient.
    public var noise: Double
    /// Exponents tried without the offset, where the loss crosses zero.
    public var crossingExponents: [Double]
  }

  /// The search for each method's rate and exponent, on tuning seeds.
  public struct Search: Codable, Sendable, Equatable {
    /// Constant exponents that are tried.
    public var constants: [Double]
    /// Pairs of exponents, at large and at small losses.
    public var pairs: [[Double]]
    /// The slope of the smooth exponent over the loss.
    public var slope: Double
    /// The loss at the middle of the smooth exponent.
    public var centre: Double
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Distances to the next minimum that differ by less count as equal.
    public var placeMargin: Double
    /// Logarithms of effective rates this near count as equal.
    public var formulaMargin: Double
  }

  /// Any of well, curve, mnist, cifar10.
  public var problems: [String]
  /// The double well, descended from many starts.
  public var well: Problem
  /// Regression of a noisy curve by a small network.
  public var curve: Problem
  /// Digits, by a network with one hidden layer.
  public var mnist: Problem
  /// Colour images, by a small convolutional network.
  public var cifar10: Problem
  /// The shape of the double well.
  public var landscape: Well
  /// Training and test examples that measure the end, at most.
  public var examples: Int
  /// How rates and exponents are chosen.
  public var search: Search
  public var seeds: TunedSeeds
  public var decision: Decisions

  /// Ranges of rates that hold the best ones inside, and lengths in which descents come down to the levels. On the well a
  /// descent ends in noise that grows with the rate, so that rates lie nearer to each other.
  static let quick = LossTransformationConfiguration(
    problems: ["well", "curve", "mnist"],
    well: Problem(
      steps: 150, batch: 25, width: 1, examples: 1, level: 0.05, sgdRates: [0.0003, 1], adamRates: [0.003, 2],
      rates: 16),
    curve: Problem(
      steps: 600, batch: 32, width: 32, examples: 256, level: 0.1, sgdRates: [0.01, 0.5], adamRates: [0.002, 0.1],
      rates: 6),
    mnist: Problem(
      steps: 630, batch: 64, width: 16, examples: 3000, level: 0.3, sgdRates: [0.03, 1.5], adamRates: [0.001, 0.05],
      rates: 6),
    cifar10: Problem(
      steps: 390, batch: 32, width: 4, examples: 2500, level: 1.6, sgdRates: [0.01, 0.5], adamRates: [0.001, 0.03],
      rates: 6),
    landscape: Well(tilt: 0.3, offset: 0.4, noise: 1, crossingExponents: [0.5, 0.75, 1, 1.5, 2]), examples: 1000,
    search: Search(
      constants: [0.5, 0.75, 1.5], pairs: [[1.5, 0.75], [0.75, 1.5], [0.5, 1]], slope: 4, centre: 1),
    seeds: TunedSeeds(count: 10, first: 0, tuningCount: 2, tuningFirst: 1000, finalists: Finalists(count: 12)),
    decision: Decisions(alpha: 0.05, placeMargin: 0.05, formulaMargin: 0.001))

  static var smoke: LossTransformationConfiguration {
    var c = quick
    c.problems = ["well", "curve"]
    c.well.steps = 40
    c.well.batch = 5
    c.curve.steps = 40
    c.curve.width = 8
    (c.well.rates, c.curve.rates) = (3, 3)
    c.search.constants = [0.75]
    c.search.pairs = [[1.5, 0.75]]
    c.seeds = TunedSeeds(
      count: 3, first: 0, tuningCount: 1, tuningFirst: 1000, finalists: Finalists(count: 2, seeds: 2))
    c.examples = 100
    return c
  }

  /// Sixteen epochs of CIFAR-10 and thirteen of MNIST, each seed with images of its own.
  static var standard: LossTransformationConfiguration {
    var c = quick
    c.problems = problemNames
    c.well.steps = 300
    c.curve.steps = 1000
    c.mnist.width = 32
    c.cifar10.steps = 1250
    return c
  }

  /// Networks and lengths nearer to what the paper names; CIFAR-10 stands in for CIFAR-100.
  static var paper: LossTransformationConfiguration {
    var c = standard
    c.well.steps = 1000
    c.well.batch = 101
    c.curve.steps = 5000
    c.curve.width = 64
    c.mnist = Problem(
      steps: 3900, batch: 64, width: 128, examples: 5000, level: 0.1, sgdRates: [0.01, 1],
      adamRates: [0.0001, 0.03], rates: 9)
    c.cifar10 = Problem(
      steps: 7810, batch: 64, width: 32, examples: 5000, level: 0.8, sgdRates: [0.003, 0.3],
      adamRates: [0.0001, 0.01], rates: 9)
    c.examples = 10_000
    c.curve.rates = 9
    c.search.constants = [0.5, 0.75, 1.5, 2]
    c.search.pairs = [[2, 0.5], [0.5, 2], [1.5, 0.75], [0.75, 1.5]]
    c.seeds = TunedSeeds(
      count: 4, first: 0, tuningCount: 1, tuningFirst: 1000, finalists: Finalists(count: 12, seeds: 6))
    return c
  }

  static let problemNames = ["well", "curve", "mnist", "cifar10"]
  static let classified = ["mnist", "cifar10"]

  package subscript(problem: String) -> Problem {
    switch problem {
    case "well": well
    case "curve": curve
    case "mnist": mnist
    case "cifar10": cifar10
    default: preconditionFailure("there is no problem \(problem)")
    }
  }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(problems, in: "problems", among: Self.problemNames)
    guard !problems.isEmpty, Set(problems).count == problems.count else {
      throw SettingsError("problems must not be empty, nor name a problem twice")
    }
    for name in problems {
      let p = self[name]
      for (setting, value) in [
        ("steps", Double(p.steps)), ("batch", Double(p.batch)), ("width", Double(p.width)), ("level", p.level),
        ("examples", Double(p.examples)), ("rates", Double(p.rates)),
      ] where !(value > 0) { throw SettingsError("\(name).\(setting) must be positive, not \(value)") }
      for (setting, rates) in [("sgdRates", p.sgdRates), ("adamRates", p.adamRates)] {
        guard rates.count == 2, rates[0] > 0, rates[1] > rates[0] else {
          throw SettingsError("\(name).\(setting) must be two positive rates, the lower first, not \(rates)")
        }
      }
    }
    try require(counts: ["examples": examples])
    guard abs(landscape.tilt) < DoubleWell.steepest else {
      throw SettingsError(
        "landscape.tilt must be between -1.53 and 1.53, beyond which one minimum is left, not \(landscape.tilt)")
    }
    guard landscape.noise >= 0 else { throw SettingsError("landscape.noise must not be negative") }
    guard !search.constants.isEmpty, !search.pairs.isEmpty, search.pairs.allSatisfy({ $0.count == 2 }) else {
      throw SettingsError("search.constants and search.pairs must not be empty, and a pair has two exponents")
    }
    guard search.constants.count == search.pairs.count else {
      throw SettingsError(
        "search.constants and search.pairs must be equally many, so that each form has as many trials")
    }
    let exponents = search.constants + search.pairs.flatMap { $0 } + landscape.crossingExponents
    guard exponents.allSatisfy({ $0 > 0 }) else { throw SettingsError("exponents must be positive") }
    try require(positive: [
      "search.slope": search.slope, "decision.placeMargin": decision.placeMargin,
      "decision.formulaMargin": decision.formulaMargin,
    ])
  }
}
