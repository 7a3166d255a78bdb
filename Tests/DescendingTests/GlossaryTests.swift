import Descending
import Foundation
import Testing

/// The chains that `Documentation/chains.md` sets beside those of PyTorch and optax.
@Suite struct GlossaryTests {
  private func page() throws -> String {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: package.appending(path: "Documentation/chains.md"), encoding: .utf8)
  }

  @Test func eachRowIsAChain() throws {
    let section = try #require(try page().components(separatedBy: "# From PyTorch and optax").dropFirst().first)
    let rows = section.components(separatedBy: "```")[1].split(separator: "\n")
    #expect(rows.count >= 20)
    for row in rows {
      // Columns are three blanks apart or more.
      let cells = row.components(separatedBy: "   ").map { $0.trimmingCharacters(in: .whitespaces) }
      let (there, here) = (cells[0], try #require(cells.last))
      #expect(cells.filter { !$0.isEmpty }.count == 2, "\(row)")
      #expect(throws: Never.self, "\(row)") { try DescentMethodKind.parse(here) }
      // The numbers that are given there are those that are given here.
      let given = there.drop { $0 != "(" }.split(whereSeparator: { !"0123456789.e-".contains($0) })
      for number in given where Double(number) != nil && !there.hasSuffix("L\(number)") {
        #expect(here.contains(number), "\(number) in \(row)")
      }
    }
  }

  /// Whatever the page shows of a chain is read, in its table and in its text.
  @Test func eachStageIsInTheTable() throws {
    let page = try page()
    for kind in TransformationKind.all { #expect(page.contains("| `\(kind.name)"), "\(kind.name)") }
    for kind in DescentMethodKind.all { #expect(page.contains("| `\(kind.name) "), "\(kind.name)") }
    for name in FunctionKind.all.map(\.name) where name != "constant" { #expect(page.contains("\(name)("), "\(name)") }
  }
}
