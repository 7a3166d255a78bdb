import Arrays
import Parameters
import Training

/// Descents on a formula from one start: each by a chain or method of its own.
///
/// ```swift
/// let valley = try Minimization(Formula("100 * (y - x^2)^2 + (1 - x)^2"), from: StartPoint("x=-1.2, y=1"))
/// let path = try valley.descent(by: "adam | rate 0.03", updates: 2000)
/// print(path.end, path.values.last!)
/// ```
public struct Minimization: Sendable {
  /// What is descended.
  public let formula: Formula
  /// Where each descent begins.
  public let start: StartPoint

  /// One descent.
  public struct Path: Sendable {
    /// How it descended, as text.
    public let method: String
    /// Updates before which it was looked at, rising, the first 0 and the last the end.
    public private(set) var updates: [Int] = []
    /// The values there.
    public private(set) var values: [Double] = []
    /// Where it was then: the mean of points where the method keeps one, as `average` and `schedulefree` do.
    public private(set) var points: [Tree<NDArray>] = []
    /// Why it broke down; nil where it did not.
    public private(set) var failure: String?
    /// Updates that were skipped, as `finite` does.
    public private(set) var skipped = 0
    /// What bounds there are of a variable, by its name.
    public let bounds: @Sendable (String) -> ClosedRange<Double>?
    /// How near to a bound counts as at it: means of points, and slow weights, come near to theirs and do not reach it.
    public let nearness: Double
    /// Whether `l1` adds to what is descended.
    public let isThresholded: Bool
    /// Why it never left its start; nil where it did, or broke down.
    public private(set) var stillness: String?

    /// Gradients and further losses that each update asked for; a product with the Hessian counts as two gradients.
    public private(set) var cost: (gradients: Double, losses: Double)
    /// Where it ended.
    public var end: Tree<NDArray> { points.last! }

    /// Updates after which it was seen to stand still for good, as no step that was tried lowered the value enough; nil where it did not.
    public private(set) var standstill: Int?

    fileprivate init(_ method: any DescentMethod, _ variables: [String], _ calls: OracleCalls) {
      self.method = method.description
      bounds = { method.bounds(of: $0) }
      nearness = self.method.contains(/average|lookahead|schedulefree/) ? 1e-9 : 0
      isThresholded = variables.contains { method.isThresholded($0) }
      cost = (calls.gradients + 2 * calls.hessianProducts, calls.losses)
    }

    fileprivate mutating func look(_ update: Int, _ value: Double, _ point: Tree<NDArray>) {
      updates.append(update)
      values.append(value)
      points.append(point)
    }

    fileprivate mutating func fail(_ reason: String) { failure = reason }
    fileprivate mutating func skip(_ count: Int) { skipped = count }
    fileprivate mutating func stand(_ reason: String) { stillness = reason }
    fileprivate mutating func standStill() {
      let moving = points.lastIndex { $0 != end }
      standstill = moving.flatMap { $0 + 2 < points.count ? updates[$0 + 1] : nil }
    }
  }

  /// - Throws: `FormulaError` where start and formula do not have the same variables, or the value at the start is not finite.
  public init(_ formula: Formula, from start: StartPoint) throws {
    (self.formula, self.start) = (formula, start)
    guard !formula.variables.isEmpty else { throw FormulaError("\(formula) has no variable") }
    for name in formula.variables where start.values[name] == nil {
      throw FormulaError(
        "\(name) has no start: write --from \"\(name)=1\", and so for each of \(formula.variables.joined(separator: ", "))"
      )
    }
    for name in start.values.paths where !formula.variables.contains(name) {
      throw FormulaError("the formula has no \(name); \(NearestName.hint(name, among: formula.variables))")
    }
    let value = try Self.value(of: formula, at: start.values)
    guard value.isFinite else {
      throw FormulaError("the value at the start is \(value.isNaN ? "not a number" : "infinite")")
    }
  }

  /// Descends.
  ///
  /// - Parameters:
  ///   - method: a chain or method, as text.
  ///   - updates: at least 1.
  ///   - seed: of what is random in the chain.
  ///   - looks: about how often it is looked at; the first twenty updates and the numbers 10, 100, 1000, ... of updates always.
  /// - Throws: `DescentError` where the text cannot be read or does not fit; a value that is not finite ends the path, and is
  ///   no error.
  public func descent(by method: String, updates: Int, seed: Int = 0, looks: Int = 400) throws -> Path {
    let method = try DescentMethodKind.parse(method)
    guard !method.description.contains(/[0-9](?:epochs|samples)/) else {
      throw FormulaError("\(method): a formula has no epochs and no samples; write durations in updates, as 100updates")
    }
    let formula = formula
    let objective = Objective { parameters, _, _ in ObjectiveValue(try formula.value(at: parameters.tree)) }
    let step = try TrainingStep(
      objective, method: method, inputs: Tree(), from: try TrainingState(startingFrom: start.values, method: method),
      key: RandomKey(seed: seed))
    try checkStart(of: method)
    var path = Path(method, formula.variables, step.calls)
    // A mean of points has a value of its own, which the step does not know.
    let keepsMean = !MovingAverage.averages(in: step.state.optimizerState).isEmpty
    let program = keepsMean ? try Self.program(formula, at: start.values) : nil
    func evaluated() -> Tree<NDArray> {
      MovingAverage.evaluated(step.state.parameters, in: step.state.optimizerState)
    }
    // Points of long lists take memory.
    let stride = Swift.max(1, updates / Swift.max(2, Swift.min(looks, Self.mostKept / start.count)))
    let rates = step.readingTags.indices.filter { step.readingTags[$0].hasPrefix("optimizer/learningRate") }
    var largestRate = rates.isEmpty ? nil : 0.0
    var last: [Double] = []
    // Where it was looked at last, all was a number: what is none is sought from there.
    var seen = step.state
    func breakDown(_ updates: Int) throws -> String {
      try BreakDown(of: formula, step, from: seen, seenAfter: updates).description
    }
    // The first steps are the widest.
    func isSeen(_ update: Int) -> Bool { update < 20 || update % stride == 0 || Self.isPowerOfTen(update) }
    var update = 0
    while update < updates {
      let point = isSeen(update) ? evaluated() : nil
      if let point {
        guard point.isFinite else {
          path.fail(try breakDown(update))
          return path
        }
        seen = step.state
      }
      let own = try point.flatMap { try program?.run($0.leaves)[0].item }
      // Those between two looks within few calls.
      let limit = Swift.min(updates, update + step.updatesAtOnce)
      let next = (update + 1..<limit).first { point != nil || isSeen($0) } ?? limit
      let readings = try step.advance(steps: next - update, checksLoss: false).map(\.doubles)
      if let lost = readings[0].firstIndex(where: { !$0.isFinite }) {
        path.fail(try breakDown(update + lost))
        return path
      }
      if let point { path.look(update, own ?? readings[0][0], point) }
      for rate in rates { largestRate = readings[rate].reduce(largestRate) { Swift.max($0 ?? 0, $1) } }
      last = readings.map { $0.last! }
      update = next
    }
    let end = evaluated()
    let value = try Self.value(of: formula, at: end)
    guard value.isFinite, end.isFinite else {
      path.fail(try breakDown(updates))
      return path
    }
    path.look(updates, value, end)
    let readings = Dictionary(uniqueKeysWithValues: zip(step.readingTags, last))
    path.skip(Int(readings.filter { $0.key.hasPrefix("optimizer/skipped") }.values.reduce(0, +)))
    if readings["optimizer/stepFraction"] == 0 { path.standStill() }
    if path.points.allSatisfy({ $0 == start.values }) {
      path.stand(
        try Stillness(
          of: formula, at: start.values, readings: readings, largestRate: largestRate, skipped: path.skipped,
          updates: updates, bounds: path.bounds
        ).description)
    }
    return path
  }

  /// - Throws: `FormulaError` where a variable starts outside its bounds: a start that was given is not moved.
  private func checkStart(of method: any DescentMethod) throws {
    for (name, leaf) in start.values {
      guard let bounds = method.bounds(of: name), let value = leaf.doubles.first(where: { !bounds.contains($0) }) else {
        continue
      }
      throw FormulaError("\(method): \(name) starts at \(value), outside its bounds")
    }
  }

  /// Numbers of all points of a path, about.
  private static let mostKept = 1_000_000

  private static func value(of formula: Formula, at point: Tree<NDArray>) throws -> Double {
    try program(formula, at: point).run(point.leaves)[0].item
  }

  private static func program(_ formula: Formula, at point: Tree<NDArray>) throws -> Program {
    try Program(inputs: point.types.leaves) { _, x in
      [try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))]
    }
  }

  /// 10, 100, 1000, ...
  static func isPowerOfTen(_ number: Int) -> Bool {
    var rest = number
    while rest >= 10, rest % 10 == 0 { rest /= 10 }
    return number >= 10 && rest == 1
  }
}
