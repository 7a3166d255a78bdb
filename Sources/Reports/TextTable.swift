/// A table as plain text that fits a width: cells that are too long go on in the next line.
public struct TextTable: Sendable {
  /// Names of the columns.
  public var header: [String]
  /// Each as long as the header.
  public var rows: [[String]]

  /// - Parameter rows: each as long as the header.
  public init(header: [String], rows: [[String]]) {
    self.header = header
    self.rows = rows
  }

  private static let gap = "  "

  /// The lines of the table, none longer than `width` characters as long as each column gets at least one.
  public func text(width: Int = 100) -> String {
    let all = [header] + rows
    var widths = header.indices.map { column in max(1, all.map { $0[column].count }.max()!) }
    let available = width - Self.gap.count * (header.count - 1)
    // The widest column gives way first.
    while widths.reduce(0, +) > available, let widest = widths.max(), widest > 1 {
      widths[widths.firstIndex(of: widest)!] -= 1
    }
    return all.flatMap { row in
      let cells = zip(row, widths).map { Self.wrapped($0, width: $1) }
      return (0..<(cells.map(\.count).max() ?? 0)).map { line in
        let parts = zip(cells, widths).map { cell, width in
          let text = line < cell.count ? cell[line] : ""
          return text + String(repeating: " ", count: width - text.count)
        }
        let whole = parts.joined(separator: Self.gap)
        return String(whole.prefix(whole.count - whole.reversed().prefix { $0 == " " }.count))
      }
    }.joined(separator: "\n")
  }

  /// The words of a text in lines of at most `width` characters; longer words are cut.
  public static func wrapped(_ text: String, width: Int = 100) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      var rest = word[...]
      let last = lines[lines.count - 1]
      if last.isEmpty || last.count + 1 + rest.count <= width {
        lines[lines.count - 1] = last.isEmpty ? String(rest.prefix(width)) : last + " " + rest
        rest = last.isEmpty ? rest.dropFirst(width) : ""
      }
      while !rest.isEmpty {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
    }
    return lines
  }
}
