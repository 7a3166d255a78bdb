import Foundation

extension TableEncoding {
  /// Fits one column to the rows that train; nil where it says nothing in them.
  static func fit(_ profile: ColumnProfile, rows: [Int]) -> Input? {
    switch profile.kind {
    case .number: return number(profile, rows)
    case .date: return date(profile, rows)
    case .category: return category(profile, rows)
    case .text:
      return Input(column: profile.column.name, kind: .text, hashes: textFeatures)
    }
  }

  private static func number(_ profile: ColumnProfile, _ rows: [Int]) -> Input? {
    let column = profile.column
    return scaled(
      Input(column: column.name, kind: .number), [("value", { $0 })], rows, profile.missing > 0
    ) { column.number($0) }
  }

  private static func date(_ profile: ColumnProfile, _ rows: [Int]) -> Input? {
    let column = profile.column
    var input = Input(column: column.name, kind: .date)
    let seconds = DateSeconds(column, isDayFirst: nil, unit: profile.timeUnit)
    input.isDayFirst = seconds.isDayFirst
    input.unit = profile.timeUnit
    var (low, high, hasTimes) = (Double.infinity, -Double.infinity, false)
    for row in rows {
      let value = seconds[row]
      if value.isNaN { continue }
      (low, high) = (min(low, value), max(high, value))
      if value.truncatingRemainder(dividingBy: 86400) != 0 { hasTimes = true }
    }
    // A cycle is of use where the rows see it come again.
    let cycles: [DatePart] = [.year, .week, .day].filter { high - low >= $0.period && ($0 != .day || hasTimes) }
    let parts: [(String, (Double) -> Double)] =
      [("time", { $0 })]
      + cycles.flatMap { part in
        [("\(part) sine", { part.sine($0) }), ("\(part) cosine", { part.cosine($0) })]
      }
    return scaled(input, parts, rows, profile.missing > 0) { seconds[$0] }
  }

  /// Fills in scales, the median and the indicator.
  private static func scaled(
    _ start: Input, _ parts: [(name: String, value: (Double) -> Double)], _ rows: [Int], _ mayMiss: Bool,
    _ value: (Int) -> Double
  ) -> Input? {
    var input = start
    let present = mayMiss ? rows.filter { !value($0).isNaN } : rows
    input.fill = median(present, value)
    input.hasIndicator = present.count < rows.count && !present.isEmpty
    for part in parts {
      let moments = withoutActuallyEscaping(value) { value in Moments(present.lazy.map { part.value(value($0)) }) }
      guard !moments.isConstant else { continue }
      input.scales.append(
        Scale(
          name: part.name, mean: moments.mean, deviation: moments.deviation,
          limit: max(10, 2 * moments.furthest / moments.deviation)))
    }
    return input.scales.isEmpty && !input.hasIndicator ? nil : input
  }

  /// The median of the values, of every k-th where they are more than 10,000.
  private static func median(_ rows: [Int], _ value: (Int) -> Double) -> Double {
    let step = max(rows.count / 10_000, 1)
    let values = stride(from: 0, to: rows.count, by: step).map { value(rows[$0]) }.sorted()
    guard !values.isEmpty else { return 0 }
    return values.count % 2 == 1
      ? values[values.count / 2] : (values[values.count / 2 - 1] + values[values.count / 2]) / 2
  }

  private static func category(_ profile: ColumnProfile, _ rows: [Int]) -> Input? {
    let column = profile.column
    var input = Input(column: column.name, kind: .category)
    var counts: [String: Int] = [:]
    if column.isText {
      var byCode = [Int](repeating: 0, count: column.words.count)
      var missing = 0
      for row in rows { if case let code = column.code(row), code >= 0 { byCode[code] += 1 } else { missing += 1 } }
      for (code, count) in byCode.enumerated() where count > 0 { counts[column.words[code]] = count }
      input.countsMissing = missing > 0
    } else {
      for row in rows {
        if let text = column.text(row) { counts[text, default: 0] += 1 } else { input.countsMissing = true }
      }
    }
    let byCount = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    if byCount.count <= mostValues {
      input.values = byCount.map(\.key).sorted(by: NumberText.precedes)
      return input.values.count + (input.countsMissing ? 1 : 0) > 1 ? input : nil
    }
    // Many values: the most frequent have their own features, and all say how often they come.
    input.values = byCount.prefix(mostValues).map(\.key)
    input.counts = counts
    let moments = Moments(rows.lazy.map { log(1 + Double(column.text($0).flatMap { counts[$0] } ?? 0)) })
    if !moments.isConstant {
      input.scales = [
        Scale(
          name: "frequency", mean: moments.mean, deviation: moments.deviation,
          limit: max(10, 2 * moments.furthest / moments.deviation))
      ]
    }
    return input
  }
}

/// A cycle of the calendar.
enum DatePart: String, CustomStringConvertible {
  case year, week, day

  var description: String { rawValue }
  /// In seconds.
  var period: Double {
    switch self {
    case .year: 365.2425 * 86400
    case .week: 7 * 86400
    case .day: 86400
    }
  }

  private func phase(_ seconds: Double) -> Double {
    2 * Double.pi * (seconds / period - (seconds / period).rounded(.down))
  }
  func sine(_ seconds: Double) -> Double { sin(phase(seconds)) }
  func cosine(_ seconds: Double) -> Double { cos(phase(seconds)) }

  /// The number that a part of a date's name stands for.
  static func value(_ name: String, _ seconds: Double) -> Double {
    let words = name.split(separator: " ")
    guard words.count == 2, let part = DatePart(rawValue: String(words[0])) else { return seconds }
    return words[1] == "sine" ? part.sine(seconds) : part.cosine(seconds)
  }
}

/// A column's rows as seconds since 1970; NaN where there is none.
struct DateSeconds {
  private let column: TableColumn
  private let ofWords: [Double]
  private let unit: Double
  let isDayFirst: Bool?

  init(_ column: TableColumn, isDayFirst: Bool?, unit: Double?) {
    self.column = column
    self.unit = unit ?? 1
    guard column.isText else {
      (ofWords, self.isDayFirst) = ([], nil)
      return
    }
    let dates = isDayFirst.map { DateText(isDayFirst: $0) } ?? DateText(column.words) ?? DateText(isDayFirst: false)
    ofWords = column.words.map { dates.seconds($0) ?? .nan }
    self.isDayFirst = dates.isDayFirst
  }

  subscript(row: Int) -> Double {
    guard column.isText else { return column.number(row) / unit }
    let code = column.code(row)
    return code < 0 ? .nan : ofWords[code]
  }
}
