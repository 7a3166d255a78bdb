import Foundation

/// Numbers as they are written in tables.
enum NumberText {
  /// 10^0 ... 10^22, the powers that a double holds exactly.
  private static let powers: [Double] = (0...22).map { Foundation.pow(10, Double($0)) }
  /// For the reader's inner loop, without an array's checks.
  nonisolated(unsafe) static let exactPowers: UnsafePointer<Double> = {
    let copy = UnsafeMutablePointer<Double>.allocate(capacity: powers.count)
    copy.initialize(from: powers, count: powers.count)
    return UnsafePointer(copy)
  }()

  /// Reads a decimal number that starts at `start`, in memory that ends with a byte that belongs to no number.
  ///
  /// Up to 19 digits and small exponents are one exact product or quotient (Clinger, "How to read floating point numbers
  /// accurately", 1990); the C library reads all else. The result is the nearest double.
  ///
  /// - Returns: the place behind the number, or nil where there is none.
  @inline(__always) static func scan(
    _ start: UnsafePointer<UInt8>, decimal: UInt8, powers: UnsafePointer<Double>, _ value: inout Double
  ) -> UnsafePointer<UInt8>? {
    var p = start
    let isNegative = p.pointee == 0x2d
    if isNegative || p.pointee == 0x2b { p += 1 }
    var mantissa: UInt64 = 0
    let digits = p
    while true {
      let digit = p.pointee &- 0x30
      if digit > 9 { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      p += 1
    }
    var count = p - digits
    var exponent = 0
    if p.pointee == decimal {
      p += 1
      let fraction = p
      while true {
        let digit = p.pointee &- 0x30
        if digit > 9 { break }
        mantissa = mantissa &* 10 &+ UInt64(digit)
        p += 1
      }
      exponent = fraction - p
      count -= exponent
    }
    if count == 0 { return nil }
    if p.pointee | 0x20 == 0x65 {
      var q = p + 1
      let isDown = q.pointee == 0x2d
      if isDown || q.pointee == 0x2b { q += 1 }
      var written = 0
      let first = q
      while true {
        let digit = q.pointee &- 0x30
        if digit > 9 { break }
        if written < 100_000 { written = written * 10 + Int(digit) }
        q += 1
      }
      if q > first {
        exponent += isDown ? -written : written
        p = q
      }
    }
    if count <= 19, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
      let magnitude =
        exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
      value = isNegative ? -magnitude : magnitude
      return p
    }
    value = slow(start, p, decimal)
    return p
  }

  private static func slow(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ decimal: UInt8) -> Double {
    var bytes = (start..<end).map { CChar(bitPattern: $0.pointee == decimal ? 0x2e : $0.pointee) }
    bytes.append(0)
    return strtod(bytes, nil)
  }

  /// The number that a whole text is, besides blanks around it.
  static func value(_ text: String, decimal: UInt8 = 0x2e) -> Double? {
    var bytes = Array(text.trimmingCharacters(in: .whitespaces).utf8)
    bytes.append(0)
    var result = 0.0
    return bytes.withUnsafeBufferPointer { all -> Double? in
      guard let end = scan(all.baseAddress!, decimal: decimal, powers: exactPowers, &result),
        end == all.baseAddress! + all.count - 1
      else { return nil }
      return result
    }
  }

  /// A number with what tables put around it: a currency's sign in front, a percent sign behind (which changes nothing),
  /// thousands in groups of three.
  static func decorated(_ text: String, decimal: UInt8) -> Double? {
    // Most texts are words: their first byte says so.
    guard let lead = text.utf8.first, lead <= 0x39 || lead == 0xc2 || lead == 0xe2 else { return nil }
    if let plain = value(text, decimal: decimal) { return plain }
    var body = text.trimmingCharacters(in: .whitespaces)[...]
    guard let last = body.unicodeScalars.last, let first = body.unicodeScalars.first else { return nil }
    guard "0123456789.,%€".unicodeScalars.contains(last), "+-$€£¥0123456789".unicodeScalars.contains(first) else {
      return nil
    }
    var sign = ""
    if let mark = body.first, "+-".contains(mark) {
      sign = String(mark)
      body = body.dropFirst()
    }
    if let mark = body.first, "$€£¥".contains(mark) { body = body.dropFirst().drop(while: \.isWhitespace) }
    if let mark = body.last, "%€".contains(mark) {
      body = body.dropLast()
      while body.last?.isWhitespace == true { body = body.dropLast() }
    }
    guard body.first?.isNumber == true || body.first == "." else { return nil }
    let separator: Character = decimal == 0x2e ? "," : "."
    if body.contains(separator) {
      let whole = body.prefix { $0 != (decimal == 0x2e ? "." : ",") }
      let groups = whole.split(separator: separator, omittingEmptySubsequences: false)
      guard let head = groups.first, (1...3).contains(head.count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
        !body.dropFirst(whole.count).contains(separator)
      else { return nil }
      body = body.filter { $0 != separator }[...]
    }
    return value(sign + body, decimal: decimal)
  }

  /// One text for each number: 1 and 1.0 are the same.
  static func canonical(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 0x1p63 ? "\(Int(value))" : "\(value)"
  }

  /// From here on a double does not hold every whole number.
  static let wholeLimit = 0x1p53

  /// The digits of a whole number that is written in full and that its double does not hold; nil of all others.
  ///
  /// - Parameters:
  ///   - text: what was read, with or without a currency and the like.
  ///   - value: the number that it was read as.
  static func digits(_ text: some Collection<UInt8>, decimal: UInt8, _ value: Double) -> String? {
    guard abs(value) >= wholeLimit else { return nil }
    var digits: [UInt8] = []
    digits.reserveCapacity(text.count)
    var isFraction = false
    for byte in text {
      switch byte {
      case UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
      case decimal: isFraction = true
      case 0x30 where isFraction || digits.isEmpty: continue
      case 0x31...0x39 where isFraction: return nil
      case 0x30...0x39: digits.append(byte)
      default: continue
      }
    }
    guard !digits.isEmpty else { return nil }
    let written = String(decoding: digits, as: UTF8.self)
    if abs(value) < 0x1p63, Int(written) == Int(abs(value)) { return nil }
    return value < 0 ? "-" + written : written
  }

  /// The order of values as texts: of numbers by what they are, to their last digit.
  static func precedes(_ a: String, _ b: String) -> Bool {
    guard let x = value(a), let y = value(b) else { return a < b }
    if x != y || abs(x) < wholeLimit { return x < y }
    // Equal doubles of one sign: more digits are more.
    return x < 0 ? (b.count, b) < (a.count, a) : (a.count, a) < (b.count, b)
  }

  /// What stands for a value that is not there: nothing, a question mark, or one of the usual names.
  static func isMissing(_ text: String) -> Bool { missing.contains(text) }

  private static let missing: Set<String> = [
    "", "?", ".", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "-NaN", "NAN", "NULL", "Null", "null",
    "None", "none", "#NA", "1.#QNAN", "-1.#IND",
  ]

  /// What stands for a value that is not there where all others are numbers or dates; among words it is one of them, as the
  /// dash of a strand + or -.
  static func isMark(_ text: String) -> Bool { marks.contains(text) }

  /// Dashes, dots and letters of statistical offices and laboratories, and the errors of spreadsheets.
  static let marks: Set<String> = [
    "-", "--", "---", "\u{2013}", "\u{2014}", "..", "...", ":", "*", "na", "Na", "n.a.", "N.A.", "n.a", "nd", "ND",
    "n.d.",
    "N.D.", "n/d", "N/D", "nil", "NIL", "NONE", "missing", "Missing", "MISSING", "#VALUE!", "#DIV/0!", "#REF!", "#NUM!",
    "#NAME?", "#NULL!",
  ]
}
