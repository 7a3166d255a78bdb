import Foundation

/// What a claim is about: a number for each seed, made of what tasks found.
///
/// It runs both ways: from findings to the number, and from a number that is wanted to findings that have it. So every
/// claim can be tested on findings that uphold it, refute it and leave it open.
/// ```swift
/// .measure(.testLoss, of: .sgd)
/// .log(.measure(.steps, of: .sgd))
/// .slope(of: sizes.map { .log(.measure(.distance, of: .size($0))) }, over: sizes.map { log($0) })
/// ```
public struct Quantity<Arm: SweepArm>: Sendable {
  private enum Source: Sendable {
    /// Prepared once for all seeds, as the outcome of a search.
    case perSeed(@Sendable (Findings<Arm>) throws -> (Int) throws -> Double)
    /// Of several seeds together; the jackknife gives each its share.
    case joint(@Sendable (Findings<Arm>) throws -> ([Int]) throws -> Double)
  }

  /// Changes made-up findings of a seed so that the number is about the wanted one: on the same side of what it is compared
  /// with.
  public typealias Maker = @Sendable (_ wanted: Double, _ seed: Int, inout Findings<Arm>) throws -> Void

  private let source: Source
  private let maker: Maker

  private init(source: Source, maker: @escaping Maker) { (self.source, self.maker) = (source, maker) }

  /// A number of each seed.
  public init(_ value: @escaping @Sendable (Findings<Arm>, Int) throws -> Double, makeUp: @escaping Maker) {
    (source, maker) = (.perSeed({ findings in { try value(findings, $0) } }), makeUp)
  }

  /// A number of each seed, by way of something that is prepared once.
  public init<Context>(
    of prepare: @escaping @Sendable (Findings<Arm>) throws -> Context,
    _ value: @escaping @Sendable (Context, Int) throws -> Double, makeUp: @escaping Maker
  ) {
    source = .perSeed({ findings in
      let context = try prepare(findings)
      return { try value(context, $0) }
    })
    maker = makeUp
  }

  /// A smooth statistic of all seeds together, as an exponent fitted to means: tested by the jackknife's pseudo-values.
  ///
  /// - Parameters:
  ///   - prepare: what is made of the findings once.
  ///   - makeUp: where each seed alone has its number, the statistic is about their mean.
  public static func joint<Context>(
    of prepare: @escaping @Sendable (Findings<Arm>) throws -> Context,
    _ statistic: @escaping @Sendable (Context, [Int]) throws -> Double, makeUp: @escaping Maker
  ) -> Quantity {
    let source = Source.joint({ findings in
      let context = try prepare(findings)
      return { try statistic(context, $0) }
    })
    return Quantity(source: source, maker: makeUp)
  }

  /// Whether its values are pseudo-values.
  var isJoint: Bool { if case .joint = source { true } else { false } }

  /// The number of one seed; of a joint statistic that of this seed alone.
  private func values(_ findings: Findings<Arm>) throws -> (Int) throws -> Double {
    switch source {
    case .perSeed(let prepare): return try prepare(findings)
    case .joint(let prepare):
      let statistic = try prepare(findings)
      return { try statistic([$0]) }
    }
  }

  /// The number of one seed; of a joint statistic that of this seed alone.
  ///
  /// - Throws: `FindingsError.unfinished` where a task has not ended, `.missing`; what the quantity's own closure
  ///   throws.
  public func value(_ findings: Findings<Arm>, _ seed: Int) throws -> Double { try values(findings)(seed) }

  /// The numbers by seed; seeds on which a task has not ended are left out.
  ///
  /// - Throws: `FindingsError.missing`; `FindingsError.unfinished` where no seed is left; `StatisticsError` for a joint
  ///   statistic.
  func bySeed(_ findings: Findings<Arm>) throws -> [Int: Double] {
    switch source {
    case .perSeed(let prepare):
      let value = try prepare(findings)
      var values: [Int: Double] = [:]
      var open: FindingsError?
      for seed in findings.seeds {
        do { values[seed] = try value(seed) } catch let error as FindingsError {
          guard case .unfinished = error else { throw error }
          open = open ?? error
        }
      }
      if let open, values.isEmpty { throw open }
      return values
    case .joint(let prepare):
      let (statistic, seeds) = (try prepare(findings), findings.seeds)
      let pseudo = try jackknifePseudovalues(count: seeds.count) { units in try statistic(units.map { seeds[$0] }) }
      return Dictionary(uniqueKeysWithValues: zip(seeds, pseudo))
    }
  }

  /// Changes made-up findings of a seed so that the number is about the wanted one.
  func makeUp(_ wanted: Double, _ seed: Int, _ findings: inout Findings<Arm>) throws {
    try maker(wanted, seed, &findings)
  }

  // MARK: Of measures

  /// A measure of an arm.
  public static func measure(_ measure: Measure, of arm: Arm) -> Quantity {
    Self.measure(measure) { _ in arm }
  }

  /// A measure of an arm that an earlier stage chose.
  ///
  /// - Parameter arm: throws `FindingsError.unfinished` while the choice is open.
  public static func measure(
    _ measure: Measure, ofChosen arm: @escaping @Sendable (Findings<Arm>) throws -> Arm
  ) -> Quantity {
    @Sendable func chosen(_ findings: Findings<Arm>) throws -> (findings: Findings<Arm>, arm: Arm) {
      (findings, try arm(findings))
    }
    return Quantity(of: chosen) {
      try $0.findings[$0.arm, $1, measure]
    } makeUp: {
      $2.set(measure, of: try arm($2), $1, to: $0)
    }
  }

  // MARK: Of quantities

  /// A function of the numbers of others, for each seed.
  private static func function(
    of parts: [Quantity], _ body: @escaping @Sendable ([Double]) -> Double, makeUp: @escaping Maker
  ) -> Quantity {
    @Sendable func values(_ findings: Findings<Arm>) throws -> [(Int) throws -> Double] {
      try parts.map { try $0.values(findings) }
    }
    return Quantity(of: values) { values, seed in
      body(try values.map { try $0(seed) })
    } makeUp: {
      try makeUp($0, $1, &$2)
    }
  }

  /// The mean, as over several problems.
  public static func mean(of parts: [Quantity]) -> Quantity {
    function(of: parts) {
      $0.reduce(0, +) / Double($0.count)
    } makeUp: { wanted, seed, findings in
      for part in parts { try part.makeUp(wanted, seed, &findings) }
    }
  }

  /// The natural logarithm.
  public static func log(_ part: Quantity) -> Quantity {
    function(of: [part]) {
      Foundation.log($0[0])
    } makeUp: {
      try part.makeUp(Foundation.exp($0), $1, &$2)
    }
  }

  /// The difference, seed by seed.
  public static func - (a: Quantity, b: Quantity) -> Quantity {
    function(of: [a, b]) {
      $0[0] - $0[1]
    } makeUp: {
      try b.makeUp(1, $1, &$2)
      try a.makeUp(1 + $0, $1, &$2)
    }
  }

  /// The ratio, seed by seed.
  public static func / (a: Quantity, b: Quantity) -> Quantity {
    function(of: [a, b]) {
      $0[0] / $0[1]
    } makeUp: {
      try b.makeUp(1, $1, &$2)
      try a.makeUp($0, $1, &$2)
    }
  }

  /// The slope of the least-squares line through quantities over fixed places; the exponent of a power law where both are
  /// logarithms.
  public static func slope(of parts: [Quantity], over x: [Double]) -> Quantity {
    function(of: parts) {
      LineFit.slope(x, $0)
    } makeUp: { wanted, seed, findings in
      for (part, place) in zip(parts, x) { try part.makeUp(wanted * place, seed, &findings) }
    }
  }
}
