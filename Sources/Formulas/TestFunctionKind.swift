import Arrays
import Descending
import Foundation
import Parameters

/// A function to compare ways to descend on that text can name: `rosenbrock size=10`.
public struct TestFunctionKind: Sendable {
  /// As text names it, "rosenbrock".
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// In the order in which text may give them without names.
  public let options: [NamedOption]
  private let make: @Sendable (OptionValues) throws -> TestFunction

  /// A function of your own is known to text once it is registered: `TestFunctionKind.register`.
  ///
  /// ```swift
  /// let ripples = TestFunctionKind(
  ///   name: "ripples", summary: "a bowl with waves", options: [.init("depth", "1", "of the waves")]
  /// ) { values in
  ///   let depth = try values.positive("depth")
  ///   return try TestFunction("ripples", in: StartBox("x={-5...5}*4"), minimum: 0, at: ["x": NDArray([0.0, 0, 0, 0])]) { point in
  ///     let x = point["x"]!
  ///     return (x.squared + depth * (1 - cos(6 * x))).sum()
  ///   }
  /// }
  /// try TestFunctionKind.register(ripples)
  /// ```
  /// - Parameters:
  ///   - name: as text names it, in letters and digits.
  ///   - summary: what it is, in one line.
  ///   - options: in the order in which text may give them without names.
  ///   - make: the function of the options' values; it may throw where they make no sense.
  public init(
    name: String, summary: String, options: [NamedOption] = [],
    make: @escaping @Sendable (OptionValues) throws -> TestFunction
  ) { (self.name, self.summary, self.options, self.make) = (name, summary, options, make) }

  private static let registered = KindRegistry<TestFunctionKind>("test function")

  /// Those of the library, then those that were registered, in that order.
  public static var known: [TestFunctionKind] { all + registered.kinds }

  /// Makes a function of your own known to text, as to `descent compare --function`.
  ///
  /// Call it once, before a text that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: TestFunctionKind) throws {
    try registered.add(kind, taken: all.map(\.name) + ["all"])
  }

  /// A text for each known function where one is of all of them, as `all size=5; rotated`, whose size is for those that have one; else
  /// the text alone.
  ///
  /// - Throws: `FormulaError` where a function has no such options.
  public static func suite(_ text: String) throws -> [String] {
    let body = text.prefix { $0 != ";" }
    let words = body.split(whereSeparator: \.isWhitespace)
    guard words.first == "all" else { return [text] }
    guard words.count == 1 || (words.count == 2 && words[1].hasPrefix("size=")) else {
      throw FormulaError("all takes no option but size, as \"all size=5; rotated\", and not \(text)")
    }
    return known.map { kind in
      let sized = words.count == 2 && kind.options.contains { $0.name == "size" }
      return kind.name + (sized ? " \(words[1])" : "") + text[body.endIndex...]
    }
  }

  /// The function that a text names, with its options.
  ///
  /// - Throws: `FormulaError` naming the nearest; `DescentError` naming the option.
  static func function(_ text: String) throws -> TestFunction {
    let name = String(text.prefix { !$0.isWhitespace })
    guard let kind = known.first(where: { $0.name == name }) else {
      let looksLikeFormula =
        text.contains { "+-*/^()=".contains($0) } && !name.allSatisfy { $0.isLetter || $0.isNumber }
      throw FormulaError(
        looksLikeFormula
          ? "a formula needs a name and starts, as \"bowl: x^2 + 10*y^2; from x={-2...2}, y={-2...2}\", and \"\(text)\" has no name"
          : "there is no test function \(name); \(NearestName.hint(name, among: known.map(\.name)))")
    }
    let values = try NamedOption.values(of: name, options: kind.options, in: text)
    do { return try kind.make(OptionValues(owner: name, values: values)) } catch let error as DescentError {
      throw "\(error)".contains(name) ? error : DescentError("\(name): \(error)")
    }
  }
}

extension TestFunctionKind: NamedKind {}

extension TestFunction {
  private static let options = ["from", "minimum", "noise", "rotated", "shifted"]

  /// Reads a known function, `rosenbrock size=10`, also with a name of one's own, `valley: rosenbrock`, or a name and a formula,
  /// `bowl: x^2 + 10*y^2`; behind semicolons `from x={-2...2}`
  /// (a formula's starts, or others than the usual ones), `minimum 0`, `noise 0.1`, `rotated`, `shifted`.
  ///
  /// - Throws: `FormulaError` or `DescentError` naming what is wrong.
  public init(_ text: String) throws {
    let parts: [String]
    do { parts = try ChainParser.fields(text, at: ";") } catch { throw FormulaError("\(text): \(error)") }
    var given: [String: String] = [:]
    for part in parts.dropFirst() {
      let word = String(part.prefix { !$0.isWhitespace })
      guard Self.options.contains(word) else {
        throw FormulaError(
          word.isEmpty
            ? "\(text): an option between two semicolons is empty"
            : "a test function has no option \(word); \(NearestName.hint(word, among: Self.options))")
      }
      let value = part.dropFirst(word.count).trimmingCharacters(in: .whitespaces)
      guard ["rotated", "shifted"].contains(word) == value.isEmpty else {
        throw FormulaError(value.isEmpty ? "\(word) needs a value" : "\(word) takes no value, and not \(value)")
      }
      guard given.updateValue(value, forKey: word) == nil else { throw FormulaError("\(text): \(word) is given twice") }
    }
    func number(_ option: String) throws -> Double? {
      try given[option].map { text in
        guard let value = Double(text) ?? (try? Formula(text))?.constant, value.isFinite else {
          throw FormulaError("\(option) must be a number, and is \(text)")
        }
        return value
      }
    }
    let (noise, isRotated, isShifted) = (try number("noise"), given["rotated"] != nil, given["shifted"] != nil)
    let body = parts.first ?? ""
    // A colon also stands in slices.
    let colon = body.firstIndex(of: ":")
    let name = colon.map { body[..<$0].trimmingCharacters(in: .whitespaces) } ?? ""
    let behind = colon.map { body[body.index(after: $0)...].trimmingCharacters(in: .whitespaces) } ?? ""
    let isKnown = TestFunctionKind.known.contains { $0.name == behind.prefix { !$0.isWhitespace } }
    if colon != nil, Self.isPlainName(name), !isKnown {
      // A word alone, or one with options, is meant to be known.
      if given["from"] == nil, let word = behind.split(whereSeparator: \.isWhitespace).first,
        Self.isPlainName(String(word))
      {
        _ = try TestFunctionKind.function(behind)
      }
      guard let box = try given["from"].map({ try StartBox($0) }) else {
        throw FormulaError("\(name) has no starts: write them behind a semicolon, as \"from x={-2...2}, y={-2...2}\"")
      }
      let rest = parts.dropFirst().map { "; " + $0 }.joined()
      try self.init(
        name, description: "\(name): \(behind)\(rest)", try Formula(behind), in: box,
        minimum: try number("minimum"), noise: noise ?? 0, isRotated: isRotated,
        isShifted: isShifted)
    } else {
      if colon != nil, !Self.isPlainName(name), !name.contains(where: { "[(".contains($0) }) {
        throw Self.nameError(name)
      }
      guard !body.isEmpty else { throw FormulaError("name a test function, or a name and a formula") }
      let known = try TestFunctionKind.function(isKnown ? behind : body)
      guard given["minimum"] == nil else { throw FormulaError("\(body): the minimum is known, leave it out") }
      let box = try given["from"].map { try StartBox(known.box.filling($0)) }
      try self.init(
        known, named: isKnown ? name : nil, description: text, in: box, noise: noise,
        isRotated: isRotated, isShifted: isShifted)
    }
  }

  /// Whether it holds letters, digits, points, underscores and hyphens, and begins with a letter or digit.
  package static func isPlainName(_ text: String) -> Bool {
    guard let first = text.first, first.isLetter || first.isNumber, text.count <= 80 else { return false }
    return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
  }
}
