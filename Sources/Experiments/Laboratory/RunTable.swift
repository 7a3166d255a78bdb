/// A table of a run, for analysis elsewhere: a file of comma-separated values in the run's folder (RFC 4180).
public struct RunTable: Sendable {
  /// Of the file, without its ending: "trials" is trials.csv.
  public var name: String
  /// Names of the columns.
  public var header: [String]
  /// Each as long as the header; a cell without a value is empty.
  public var rows: [[String]]

  /// - Parameter rows: each as long as the header.
  public init(name: String, header: [String], rows: [[String]]) {
    (self.name, self.header, self.rows) = (name, header, rows)
  }

  /// The whole file.
  public var csv: String {
    ([header] + rows).map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  /// A field in quotes where it needs them.
  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
