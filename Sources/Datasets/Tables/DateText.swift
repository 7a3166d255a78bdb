import Foundation

/// Dates as they are written in tables: 2024-03-01, 2024/3/1, 1.3.2024, 3/1/2024 or 1/3/2024, Mar 1 2024, 1-Mar-24; with a
/// time behind a blank or a T where there is one. Read as seconds of Universal Time since 1970.
struct DateText {
  /// Whether 3/1/2024 is the third of January.
  let isDayFirst: Bool

  /// Nil where some of the texts are no dates. Whether days come first is what all texts allow; months do where both fit.
  init?(_ texts: some Collection<String>) {
    guard let first = texts.first, Self.seconds(first, dayFirst: true) ?? Self.seconds(first, dayFirst: false) != nil
    else { return nil }
    for isDayFirst in [false, true] where texts.allSatisfy({ Self.seconds($0, dayFirst: isDayFirst) != nil }) {
      self.isDayFirst = isDayFirst
      return
    }
    return nil
  }

  init(isDayFirst: Bool) { self.isDayFirst = isDayFirst }

  /// Whether a text is a date in one order of day and month or the other.
  static func isDate(_ text: String) -> Bool {
    (seconds(text, dayFirst: true) ?? seconds(text, dayFirst: false)) != nil
  }

  func seconds(_ text: String) -> Double? { Self.seconds(text, dayFirst: isDayFirst) }

  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]

  private static func seconds(_ text: String, dayFirst: Bool) -> Double? {
    guard (6...40).contains(text.utf8.count) else { return nil }
    // Digits and letters apart: "2024-03-01T12:00:00Z" has 2024, 03, 01, T, 12, 00, 00, Z.
    var parts: [String] = []
    var marks: [Character] = []
    var lastKind = 0
    for character in text {
      let kind = character.isASCII && character.isNumber ? 1 : character.isLetter ? 2 : 3
      if kind == 3 {
        guard "-/., :+".contains(character) else { return nil }
        marks.append(character)
      } else if kind == lastKind {
        parts[parts.count - 1].append(character)
      } else {
        parts.append(String(character))
      }
      lastKind = kind
    }
    // Names of weekdays say nothing new.
    if let first = parts.first,
      ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(first.lowercased().prefix(3))
    {
      parts.removeFirst()
    }
    guard parts.count >= 3 else { return nil }
    var (year, month, day) = (0, 0, 0)
    func number(_ index: Int) -> Int? { parts[index].utf8.count <= 4 ? Int(parts[index]) : nil }
    func name(_ index: Int) -> Int? {
      let text = parts[index].lowercased()
      guard text.count >= 3, let found = months.firstIndex(where: { text.hasPrefix($0) }) else { return nil }
      return found + 1
    }
    let separators = marks.filter { "-/.".contains($0) }.count
    if let m = name(0), let d = number(1), let y = number(2) {
      (year, month, day) = (y, m, d)
    } else if let m = name(1),
      let d = number(0), let y = number(2)
    {
      (year, month, day) = parts[0].count == 4 ? (d, m, y) : (y, m, d)
    } else if let a = number(0), let b = number(1), let c = number(2), separators >= 2 {
      if parts[0].count == 4 {
        (year, month, day) = (a, b, c)
      } else if parts[2].count == 4 || parts[2].count == 2 {
        guard parts[2].count == 4 || (marks.first == "/" && parts[0].count <= 2) else { return nil }
        (year, month, day) = dayFirst || marks.first == "." ? (c, b, a) : (c, a, b)
      } else {
        return nil
      }
    } else {
      return nil
    }
    if year < 100 { year += year < 70 ? 2000 : 1900 }
    guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
    var clock = Array(parts.dropFirst(3))
    if clock.first?.lowercased() == "t" { clock.removeFirst() }
    var time = [0.0, 0, 0]
    for index in 0..<3 where index < clock.count {
      guard let value = Double(clock[index]), value < 60 else { break }
      time[index] = value
    }
    if clock.count > 0, Double(clock[0]) == nil, !["z", "utc", "gmt"].contains(clock[0].lowercased()) { return nil }
    if let half = clock.last?.lowercased(), half == "pm", time[0] < 12 { time[0] += 12 }
    if let half = clock.last?.lowercased(), half == "am", time[0] == 12 { time[0] = 0 }
    guard time[0] < 25 else { return nil }
    return Double(days(year, month, day)) * 86400 + time[0] * 3600 + time[1] * 60 + time[2]
  }

  /// Days since 1970 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms", 2013).
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let ofEra = y - era * 400
    let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }
}
