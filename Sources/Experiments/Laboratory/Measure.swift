/// A measured quantity: the typed key under which a task's number is written and read.
///
/// An experiment declares its measures once; a misspelt one does not compile:
/// ```swift
/// extension Measure {
///   static let testLoss = Measure("test/nll")
///   static func damaged(_ kind: Corruption, severity: Int) -> Measure { Measure("damaged/\(kind)/\(severity)") }
/// }
/// ```
public struct Measure: Hashable, Sendable, CustomStringConvertible {
  /// Its name in the log.
  public let tag: String

  public init(_ tag: String) { self.tag = tag }

  public var description: String { tag }
}

/// Measures of one kind, one for each index, as the loss at each step that was looked at; the indices are known from what
/// a task measured.
/// ```swift
/// static let loss = MeasureFamily<Int>("curve/", "/loss")
/// values[loss[step]] = 0.5
/// ```
public struct MeasureFamily<Index: LosslessStringConvertible & Comparable & Sendable>: Sendable {
  private let prefix: String
  private let suffix: String

  /// - Parameters:
  ///   - prefix: what stands before the index in the log; it tells the family from all others.
  ///   - suffix: what stands behind it.
  public init(_ prefix: String, _ suffix: String = "") { (self.prefix, self.suffix) = (prefix, suffix) }

  /// The measure of one index.
  public subscript(index: Index) -> Measure { Measure(prefix + index.description + suffix) }

  /// The indices among names of a log, rising.
  func indices(in tags: some Sequence<String>) -> [Index] {
    tags.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) && $0.count > prefix.count + suffix.count }
      .compactMap { Index(String($0.dropFirst(prefix.count).dropLast(suffix.count))) }.sorted()
  }
}

extension Measure {
  /// Seconds of one core that a task took.
  public static let seconds = Measure("seconds")
  /// The training loss where a descent ends.
  public static let finalLoss = Measure("loss")
}
