import RunLogs

/// Why a number cannot be had from a log.
public enum FindingsError: Error, CustomStringConvertible, Equatable {
  /// The task has not ended; a partial run says nothing of it yet.
  case unfinished(task: String)
  /// The task has ended without this measure: the log is another version's, or the experiment forgets to measure.
  case missing(measure: Measure, task: String)
  /// The log says what cannot be, as half a trial: it was edited or damaged.
  case impossible(measure: Measure, task: String, value: Double)
  /// Every candidate of a search has failed: no score of theirs is a number.
  case noCandidate(side: String)

  public var description: String {
    switch self {
    case .noCandidate(let side): "every candidate of \(side) failed in the search: its scores are no numbers"
    case .impossible(let measure, let task, let value):
      "\(task) says that \(measure) is \(value), which cannot be: its log was edited or damaged"
    case .unfinished(let task): "\(task) has not ended"
    case .missing(let measure, let task): "\(task) has ended without \(measure): its log is another version's"
    }
  }
}

/// What the tasks of a sweep found, by arm, seed and measure.
/// ```swift
/// let loss = try findings[.orthogonal, 3, .testLoss]
/// ```
public struct Findings<Arm: SweepArm>: Sendable {
  /// The seeds that decide claims.
  public let seeds: [Int]
  /// The whole log, for what is no task's result, as curves.
  public let events: [RunEvent]
  private var results: [String: [String: Double]]
  /// Where events of each task stand: a report asks for those of thousands.
  private let places: [String: [Int]]
  /// What made-up findings say where nothing else was made up; nil for findings of a run.
  private let standard: (@Sendable (Measure) -> Double)?

  /// What a log says; where a task ended twice, its last word.
  package init(_ events: [RunEvent], seeds: [Int]) { self.init(events.results, events, seeds: seeds) }

  init(_ results: [String: [String: Double]], _ events: [RunEvent] = [], seeds: [Int]) {
    (self.results, self.events, self.seeds, standard) = (results, events, seeds, nil)
    places = Dictionary(grouping: events.indices) { events[$0].task }
  }

  private init(standard: @escaping @Sendable (Measure) -> Double, seeds: [Int]) {
    (results, events, places, self.seeds, self.standard) = ([:], [], [:], seeds, standard)
  }

  /// Findings that never were: every task has ended, and every measure is 1 unless told otherwise. Tests make claims come
  /// out in every way with them.
  ///
  /// - Parameter measures: what measures are in place of 1.
  public static func madeUp(seeds: [Int], _ measures: [Measure: Double] = [:]) -> Findings {
    Findings(standard: { measures[$0] ?? 1 }, seeds: seeds)
  }

  /// What a task measured.
  ///
  /// - Throws: `FindingsError.unfinished`, or `.missing` where the task has ended without it.
  public subscript(arm: Arm, seed: Int, measure: Measure) -> Double {
    get throws {
      guard let value = try ifMeasured(measure, of: arm, seed) else {
        throw FindingsError.missing(measure: measure, task: SweepTask(arm, seed: seed).name)
      }
      return value
    }
  }

  /// What a task measured, nil for what it had no reason to, as the time until a level that it never saw.
  ///
  /// - Throws: `FindingsError.unfinished`.
  public func ifMeasured(_ measure: Measure, of arm: Arm, _ seed: Int) throws -> Double? {
    let name = SweepTask(arm, seed: seed).name
    if let value = results[name]?[measure.tag] { return value }
    if let standard { return standard(measure) }
    guard results[name] != nil else { throw FindingsError.unfinished(task: name) }
    return nil
  }

  /// What a task counted, as its trials.
  ///
  /// - Throws: as the subscript; `FindingsError.impossible` for what is no count.
  public func count(_ measure: Measure, of arm: Arm, _ seed: Int) throws -> Int {
    let value = try self[arm, seed, measure]
    guard let count = Int(exactly: value), 0...Settings.largestCount ~= count else {
      throw FindingsError.impossible(measure: measure, task: SweepTask(arm, seed: seed).name, value: value)
    }
    return count
  }

  /// The indices of a family that a task measured, rising.
  ///
  /// - Throws: `FindingsError.unfinished`.
  public func indices<Index>(of family: MeasureFamily<Index>, of arm: Arm, _ seed: Int) throws -> [Index] {
    let name = SweepTask(arm, seed: seed).name
    guard isFinished(arm, seed) else { throw FindingsError.unfinished(task: name) }
    return family.indices(in: (results[name] ?? [:]).keys)
  }

  /// All that a task measured, by tag; nil where it has not ended.
  package func measures(of arm: Arm, _ seed: Int) -> [String: Double]? { results[SweepTask(arm, seed: seed).name] }

  /// Whether a task has ended.
  public func isFinished(_ arm: Arm, _ seed: Int) -> Bool { isFinished(SweepTask(arm, seed: seed)) }

  /// Whether a task has ended.
  public func isFinished(_ task: SweepTask<Arm>) -> Bool { standard != nil || results[task.name] != nil }

  /// The deciding seeds on which an arm has ended.
  public func finished(_ arm: Arm) -> [Int] { seeds.filter { isFinished(arm, $0) } }

  /// A measure on all deciding seeds on which an arm has ended.
  ///
  /// - Throws: `FindingsError.missing`.
  public func values(_ measure: Measure, of arm: Arm) throws -> [Double] {
    try finished(arm).map { try self[arm, $0, measure] }
  }

  /// A measure on all deciding seeds on which an arm has ended; nil where one of them had no reason to measure it.
  ///
  /// - Throws: nothing that a log can cause: only ended tasks are asked.
  public func valuesIfMeasured(_ measure: Measure, of arm: Arm) throws -> [Double]? {
    let values = try finished(arm).map { try ifMeasured(measure, of: arm, $0) }
    return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
  }

  /// What a task recorded on its way, by step, as the loss after each epoch; also of one that has not ended.
  public func series(_ measure: Measure, of arm: Arm, _ seed: Int, kind: String) -> [(step: Int, value: Double)] {
    let name = SweepTask(arm, seed: seed).name
    return (places[name] ?? []).lazy.map { events[$0] }.series(measure.tag, task: name, kind: kind)
  }

  /// What a task recorded on its way, as one event for each of its words.
  public func records(_ kind: String, of arm: Arm, _ seed: Int) -> [Record] {
    (places[SweepTask(arm, seed: seed).name] ?? []).filter { events[$0].kind == kind }.map { Record(event: events[$0]) }
  }

  /// An event of a task.
  public struct Record: Sendable {
    fileprivate let event: RunEvent
    /// The number under which the task recorded it, as an update or a token.
    public var step: Int { event.step }
    /// Its note; empty where it has none.
    public var text: String { event.text ?? "" }

    /// - Throws: `FindingsError.missing`.
    public subscript(measure: Measure) -> Double {
      get throws {
        guard let value = event.values[measure.tag] else {
          throw FindingsError.missing(measure: measure, task: event.task)
        }
        return value
      }
    }
  }

  /// What is made of tasks that may not have ended; nil where one of them has not.
  ///
  /// - Throws: what the body throws but `FindingsError.unfinished`.
  public func ifFinished<Value>(_ body: () throws -> Value) throws -> Value? {
    do { return try body() } catch FindingsError.unfinished { return nil }
  }

  /// What was left out, and why, as sessions of the run recorded it.
  public var absences: [(name: String, reason: String)] {
    var known: [String: String] = [:]
    for event in events where event.kind == Workbench<Arm>.absenceKind {
      let parts = (event.text ?? "").split(separator: ": ", maxSplits: 1).map(String.init)
      if parts.count == 2 { known[parts[0]] = parts[1] }
    }
    return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Makes a number up; an ended task of this arm and seed is made up with it.
  public mutating func set(_ measure: Measure, of arm: Arm, _ seed: Int, to value: Double?) {
    results[SweepTask(arm, seed: seed).name, default: [:]][measure.tag] = value
  }

  /// Takes a task's result away, as if it had not ended.
  package mutating func remove(_ arm: Arm, _ seed: Int) { results[SweepTask(arm, seed: seed).name] = nil }
}
