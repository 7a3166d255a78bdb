import Foundation
import Reports
import Statistics
import Testing

@Suite struct ReportTests {
  @Test func oneFileWithItsDataBeside() throws {
    try withTemporaryFolder { root in
      let report = sampleReport()
      try report.write(to: root + "/report.html", gnuplot: Gnuplot())
      let first = try Data(contentsOf: URL(fileURLWithPath: root + "/report.html"))
      try report.write(to: root + "/report.html", gnuplot: Gnuplot())
      #expect(try Data(contentsOf: URL(fileURLWithPath: root + "/report.html")) == first, "the bytes are stable")

      let data = try FileManager.default.contentsOfDirectory(atPath: root + "/report-data").sorted()
      #expect(
        data == [
          "ablation.csv", "cosine.csv", "loss.csv", "many-lines.csv", "ranking.csv", "rate.csv", "reliability.csv",
          "spectrum.csv",
        ])
      let page = String(decoding: first, as: UTF8.self)
      #expect(page.ranges(of: "<svg").count == samplePlots().count)
      #expect(imbalance(of: page) == nil)
    }
  }

  @Test func thePageNeedsNoNetwork() throws {
    let page = try sampleReport().html(Gnuplot())
    for word in ["<script", "<link", "@import", "<img", "src="] { #expect(!page.contains(word)) }
    let addresses = page.ranges(of: "http").map { page[$0.lowerBound...].prefix(22) }
    #expect(addresses.allSatisfy { $0.hasPrefix("http://www.w3.org/") })  // names of XML, never fetched
  }

  /// Several plots share one page: a name that two of them define would send the second's uses to the first.
  @Test func namesInsideOfPlotsAreUnique() throws {
    let page = try sampleReport().html(Gnuplot())
    let pieces = page.replacing("\"", with: "'").components(separatedBy: " id='").dropFirst()
    let names = pieces.map { String($0.prefix { $0 != "'" }) }
    #expect(names.count > 20)
    #expect(Set(names).count == names.count)
    let uses = page.replacing("\"", with: "'").components(separatedBy: "href='#").dropFirst()
    for use in uses { #expect(names.contains(String(use.prefix { $0 != "'" }))) }
  }

  @Test func decisionsShowEverything() throws {
    let claim = Claim(id: "a<b", statement: "One & two", source: "Table \"3\"")
    let evidence = Evidence(
      test: "paired t-test", count: 7, estimate: -1.25, interval: Interval(low: -2.5, high: -0.125, level: 0.99),
      pValue: 0.0012, effectSize: -0.75, reason: "p < 0.01")
    var adjusted = evidence
    adjusted.adjustedPValue = 0.0234
    let report = Report(
      title: "T", subtitle: "S",
      sections: [
        .decisions([
          Decision(claim: claim, verdict: .notApplicable, evidence: adjusted),
          Decision(claim: claim, verdict: .upheld, evidence: evidence),
          Decision(claim: claim, verdict: .refuted, evidence: evidence),
          Decision(claim: claim, verdict: .undecided, evidence: Evidence(test: "none", count: 1, reason: "one value")),
        ])
      ])
    let page = try report.html(Gnuplot())
    for text in [
      "<b>a&lt;b</b>", "– not applicable", "class=\"not-applicable\"", "0.0234", "One &amp; two", "Table &quot;3&quot;",
      "✓ upheld", "✗ refuted", "? undecided", "-1.25",
      "-2.5 … -0.125", "99 %", "0.0012", "-0.75", "p &lt; 0.01", "one value",
    ] { #expect(page.contains(text), "\(text)") }
    #expect(!page.contains("nan"))
    #expect(imbalance(of: page) == nil)
  }

  /// Sentence and preconditions come before all sections.
  @Test func theSentenceComesFirst() throws {
    var report = Report(title: "T", subtitle: "S", sections: [.heading("Claims")])
    #expect(!(try report.html(Gnuplot()).contains("Preconditions")))
    report.opening = "A < B."
    report.preconditions = [
      Precondition(name: "heat", statement: "It is hot.", requirement: .above(40), values: [30, 31])
    ]
    let page = try report.html(Gnuplot())
    let places = ["A &lt; B.", "heat", "above 40", "30.5", "does not hold", "It is hot.", "Claims"].map {
      page.firstRange(of: $0)?.lowerBound
    }
    #expect(places.allSatisfy { $0 != nil } && places.compactMap { $0 } == places.compactMap { $0 }.sorted())
  }

  @Test func numbers() {
    #expect(Report.number(3.14159) == "3.142")
    #expect(Report.number(.nan) == "–")
    #expect(Report.number(-.infinity) == "-∞")
  }

  @Test(arguments: ["../escape", "a/b", "", ".hidden", "a b"])
  func plotsAreNamedAsFiles(name: String) throws {
    try withTemporaryFolder { root in
      let plot = Plot(name: name, title: "", xLabel: "", yLabel: "", series: [])
      let report = Report(title: "", subtitle: "", sections: [.plot(plot)])
      #expect(throws: ReportError.self) { try report.write(to: root + "/report.html", gnuplot: Gnuplot()) }
      let written = try FileManager.default.contentsOfDirectory(atPath: root)
      #expect(written.isEmpty)
    }
  }

  @Test func plotsOfOneNameAreRefused() throws {
    try withTemporaryFolder { root in
      let plot = Plot(name: "twice", title: "", xLabel: "", yLabel: "", series: [])
      let report = Report(title: "", subtitle: "", sections: [.plot(plot), .plot(plot)])
      #expect(throws: ReportError.self) { try report.write(to: root + "/report.html", gnuplot: Gnuplot()) }
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    try withTemporaryFolder { root in
      try Data().write(to: URL(fileURLWithPath: root + "/file"))
      let report = Report(title: "", subtitle: "")
      do {
        try report.write(to: root + "/file/report.html", gnuplot: Gnuplot())
        Issue.record("a report below a file was written")
      } catch { #expect("\(error)".contains("/file is a file")) }
    }
  }
}

/// The first tag that does not fit its pair, if any: enough of a parser for pages that close all their tags.
private func imbalance(of page: String) -> String? {
  var open: [String] = []
  for piece in page.split(separator: "<").dropFirst() where !piece.hasPrefix("!") && !piece.hasPrefix("?") {
    guard let end = piece.firstIndex(of: ">") else { return "unclosed <\(piece.prefix(20))" }
    let tag = piece[..<end]
    let name = String(tag.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" })
    if tag.hasPrefix("/") {
      guard open.popLast() == name else { return "</\(name)> without its start" }
    } else if !tag.hasSuffix("/"), !["meta", "br"].contains(name) {
      open.append(name)
    }
  }
  return open.last.map { "<\($0)> without its end" }
}

/// A folder of its own for a test, removed when the body returns.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("reports-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}
