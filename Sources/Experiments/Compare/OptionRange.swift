import Foundation

/// What an option of a compared arm may be, as braces say it: numbers between two ends, or one of some texts.
///
/// `{0.001...1}` is a range of numbers. It is drawn on a logarithmic scale where both ends are positive and the larger is at
/// least ten times the smaller, else on a linear one. Where both ends are written as whole numbers, `{16...128}`, whole
/// numbers are drawn; write `{1.0...8}` for others. `{a, b, c}` is a choice of texts.
public enum OptionRange: Hashable, Sendable, CustomStringConvertible {
  case numbers(low: Double, high: Double)
  case wholeNumbers(low: Int, high: Int)
  case choices([String])

  /// Reads what stands between the braces.
  ///
  /// - Throws: `SettingsError` where it is neither two rising numbers nor two texts or more.
  public init(_ text: String) throws {
    let ends = text.components(separatedBy: "...").map { $0.trimmingCharacters(in: .whitespaces) }
    if ends.count == 2, ends.allSatisfy({ Double($0) != nil }) {
      try self.init(text, low: ends[0], high: ends[1])
      return
    }
    let choices: [String]
    do { choices = try ChainParser.fields(text, at: ",") } catch { throw SettingsError("{\(text)}: \(error)") }
    guard choices.count > 1, !choices.contains("") else {
      throw SettingsError("{\(text)} is no range: write {0.001...1} for numbers between two ends, {a, b} for a choice")
    }
    guard Set(choices).count == choices.count else { throw SettingsError("{\(text)} names a choice twice") }
    self = .choices(choices)
  }

  private init(_ text: String, low: String, high: String) throws {
    let (a, b) = (Double(low)!, Double(high)!)
    let whole = Int(low).flatMap { first in Int(high).map { (first: first, last: $0) } }
    // Large whole numbers that differ may be one as a `Double`.
    guard a.isFinite, b.isFinite, whole.map({ $0.first < $0.last }) ?? (a < b) else {
      throw SettingsError("{\(text)} is no range: the first end must be less than the second")
    }
    guard let (first, last) = whole else {
      self = .numbers(low: a, high: b)
      return
    }
    guard abs(a) <= 1e15, abs(b) <= 1e15 else { throw SettingsError("{\(text)}: whole numbers end at 1e15") }
    guard last > first + 1 else {
      throw SettingsError(
        "{\(text)} holds two whole numbers and nothing between: write {\(first), \(last)} for these two, or {\(first).0...\(last)} for "
          + "numbers between them, where the option takes such")
    }
    self = .wholeNumbers(low: first, high: last)
  }

  /// As braces hold it.
  public var description: String {
    switch self {
    case .numbers(let low, let high): "\(PlainNumber.text(low))...\(PlainNumber.text(high))"
    case .wholeNumbers(let low, let high): "\(low)...\(high)"
    case .choices(let choices): choices.joined(separator: ", ")
    }
  }

  /// Whether numbers are drawn on a logarithmic scale.
  public var isLogarithmic: Bool {
    switch self {
    case .numbers(let low, let high): low > 0 && high / low >= 10
    case .wholeNumbers(let low, let high): low > 0 && high / low >= 10
    case .choices: false
    }
  }

  /// The value at a place of the range, as text; numbers have four significant digits.
  ///
  /// - Parameter place: in 0..<1.
  public func text(at place: Double) -> String {
    switch self {
    case .choices(let choices): return choices[min(Int(place * Double(choices.count)), choices.count - 1)]
    case .wholeNumbers(let low, let high):
      // Each number has its own stretch, the last one too.
      let (a, b) = (Double(low), Double(high + 1))
      let value = isLogarithmic ? a * pow(b / a, place) : a + (b - a) * place
      return "\(min(max(Int(value.rounded(.down)), low), high))"
    case .numbers(let low, let high):
      let value = isLogarithmic ? low * pow(high / low, place) : low + (high - low) * place
      let short = String(format: "%.4g", value)
      // Rounding does not lead out of the range.
      guard let rounded = Double(short), rounded >= low, rounded <= high else { return "\(min(max(value, low), high))" }
      return short
    }
  }

  /// Where a value lies on the scale that is searched, 0 and 1 at the ends; nil for a choice of texts or of two numbers, which
  /// has no inside, and for what is no number.
  ///
  /// Of a choice of three numbers or more it is the place in their order.
  public func place(of text: String) -> Double? {
    switch self {
    case .choices(let choices):
      let known = choices.compactMap(Double.init).sorted()
      guard known.count == choices.count, known.count > 2, let value = Double(text),
        let index = known.firstIndex(of: value)
      else { return nil }
      return Double(index) / Double(known.count - 1)
    case .numbers(let low, let high): return Double(text).map { place($0, low, high) }
    case .wholeNumbers(let low, let high): return Double(text).map { place($0, Double(low), Double(high)) }
    }
  }

  private func place(_ value: Double, _ low: Double, _ high: Double) -> Double {
    isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }

  /// The value a tenth of the range beyond an end, on the scale that is searched; nil for choices.
  func text(beyond isHigh: Bool) -> String? {
    func beyond(_ low: Double, _ high: Double) -> Double {
      if isLogarithmic { return isHigh ? high * pow(high / low, 0.1) : low / pow(high / low, 0.1) }
      return isHigh ? high + (high - low) / 10 : low - (high - low) / 10
    }
    switch self {
    case .choices: return nil
    case .numbers(let low, let high): return "\(beyond(low, high))"
    case .wholeNumbers(let low, let high):
      return "\(Int(beyond(Double(low), Double(high)).rounded(isHigh ? .up : .down)))"
    }
  }

  /// All values, where there are at most so many; else nil.
  func values(atMost limit: Int) -> [String]? {
    switch self {
    case .choices(let choices): choices.count <= limit ? choices : nil
    case .wholeNumbers(let low, let high): high - low < limit ? (low...high).map { "\($0)" } : nil
    case .numbers: nil
    }
  }
}
