import ArgumentParser
import Descent

/// How tables are read and parted.
struct TableArguments: ParsableArguments {
  @Option(help: "Target columns of a table, by name or position from 0, joined by commas.")
  var target: String?
  @Option(help: "What the target is: auto, classes (or classification), numbers (or regression).")
  var task: TableOptions.Task?
  @Option(help: "Columns of a table to leave out, joined by commas.")
  var drop: String?
  @Option(
    name: .customLong("as"),
    help:
      "What columns are: NAME=number, category, date or text, joined by commas; may be repeated. Also numeric, categorical, datetime."
  )
  var kinds: [String] = []
  @Option(
    help:
      "Missing cells of features in training: fill (and say so by a feature), drop the row, or refuse. Predictions fill them always, and say how many."
  )
  var missing: TableOptions.Missing?
  @Option(help: "Whether a table's first row holds names: yes or no; found out when not given.")
  var header: String?
  @Option(help: "The character between cells: a comma, a semicolon, tab, space; found out when not given.")
  var delimiter: String?
  @Option(help: "utf-8, latin-1 or utf-16; found out when not given.")
  var encoding: TextEncoding?
  @Option(help: "The decimal sign: point or comma; found out when not given.")
  var decimal: DecimalSign?
  @Option(help: "A column whose equal values stay together in one part.")
  var group: String?
  @Option(help: "A column, as a time, whose last rows are held out in place of random ones.")
  var splitBy: String?

  func validate() throws {
    if let header, !["yes", "no"].contains(header) { throw ValidationError("--header is yes or no") }
    if group != nil, splitBy != nil { throw ValidationError("rows are parted by --group or by --split-by, not both") }
  }

  /// The options that were given, by name.
  var given: [String] {
    let all: [(name: String, isGiven: Bool)] = [
      ("target", target != nil), ("task", task != nil), ("drop", drop != nil), ("as", !kinds.isEmpty),
      ("missing", missing != nil), ("header", header != nil), ("delimiter", delimiter != nil),
      ("encoding", encoding != nil), ("decimal", decimal != nil), ("group", group != nil), ("split-by", splitBy != nil),
    ]
    return all.filter(\.isGiven).map(\.name)
  }

  /// Options with what was given in place of what they are.
  ///
  /// - Throws: `SettingsError` for a kind of column that does not exist, a column with two, or a list without a name.
  func apply(to options: TableOptions) throws -> TableOptions {
    var options = options
    if let header { options.format.header = header == "yes" }
    if let delimiter { options.format.delimiter = delimiter }
    if let encoding { options.format.encoding = encoding }
    if let decimal { options.format.decimal = decimal }
    if let target { options.targets = [target] }
    if let task { options.task = task }
    if let drop { options.dropped = [drop] }
    if let missing { options.missing = missing }
    if let group { options.group = group }
    if let splitBy { options.order = splitBy }
    for (option, list) in [("target", target), ("drop", drop)] {
      guard let list, list.allSatisfy({ $0 == "," || $0.isWhitespace }) else { continue }
      throw SettingsError("--\(option) \(list.isEmpty ? "''" : list) names no column; leave it out, or name one")
    }
    var named: Set<String> = []
    for item in kinds.flatMap({ $0.split(separator: ",") }) {
      guard let mark = item.lastIndex(of: "=") else {
        throw SettingsError("--as \(item) says nothing: write --as NAME=category")
      }
      let (name, text) = (String(item[..<mark]), String(item[item.index(after: mark)...]))
      guard let kind = ColumnKind(named: text) else {
        throw SettingsError(
          "--as \(item): there is no kind \(text); the kinds are "
            + ColumnKind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      guard named.insert(name).inserted else { throw SettingsError("--as says twice what \(name) is; say it once") }
      options.kinds[name] = kind
    }
    return options
  }
}
