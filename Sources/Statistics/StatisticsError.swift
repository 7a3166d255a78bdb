/// Why data do not allow a statistical statement.
public enum StatisticsError: Error, Equatable, CustomStringConvertible {
  /// `what` needs more values than there are.
  case tooFewValues(what: String, needed: Int, found: Int)
  /// All values are the same: there is no spread to judge a difference by.
  case noSpread(what: String, count: Int, value: Double)
  /// Some of the values are NaN or infinite, as of a run that diverged.
  case nonFinite(what: String, count: Int, total: Int)
  /// Two lists that should go together have different lengths.
  case differentLengths(what: String, first: Int, second: Int)
  /// What must be positive, as a margin, is not.
  case notPositive(what: String, value: Double)

  public var description: String {
    switch self {
    case .notPositive(let what, let value): "\(what) must be positive and is \(value)."
    case .tooFewValues(let what, let needed, let found):
      "\(what) needs at least \(needed) values, found \(found)."
    case .noSpread(let what, let count, let value):
      "\(what) needs values that vary, but all \(count) are \(value)."
    case .nonFinite(let what, let count, let total):
      "\(what) needs finite numbers, but \(count) of \(total) are NaN or infinite."
    case .differentLengths(let what, let first, let second):
      "\(what) needs two lists of one length, found \(first) and \(second)."
    }
  }

  static func requireFinite(_ what: String, _ values: [Double]) throws {
    let bad = values.count { !$0.isFinite }
    if bad > 0 { throw StatisticsError.nonFinite(what: what, count: bad, total: values.count) }
  }

  static func requirePairs(_ what: String, _ first: [Double], _ second: [Double]) throws {
    guard first.count == second.count else {
      throw StatisticsError.differentLengths(what: what, first: first.count, second: second.count)
    }
  }
}
