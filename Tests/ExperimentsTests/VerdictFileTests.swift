import Experiments
import Foundation
import RunLogs
import Testing
import Training

/// verdicts.json says what the terminal says.
@Suite struct VerdictFileTests {
  private struct File: Decodable {
    struct Interval: Decodable { var low: Double?, high: Double?, level: Double }
    struct Claim: Decodable {
      var id: String, name: String, verdict: String, isIdentity: Bool, estimate: Double?, unit: String?
      var interval: Interval, p: Double?, pHolm: Double?, n: Int, preconditions: [String]
    }
    struct Condition: Decodable { var name: String, required: String, measured: Double?, n: Int, holds: Bool }
    var experiment: String, preset: String, opening: String, alpha: Double
    var claims: [Claim], preconditions: [Condition]
  }

  private func decoded(_ data: Data) throws -> File { try JSONDecoder().decode(File.self, from: data) }

  /// A number as the terminal shows it.
  private func short(_ value: Double?) -> String { value.map { String(format: "%.3g", $0) } ?? "–" }

  private func agrees(_ file: File, with text: String) {
    let rows = text.components(separatedBy: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    func row(_ name: String, _ cells: [String]) -> Bool {
      let wanted = (name + " " + cells.joined(separator: " ")).split(separator: " ")
      return rows.contains { $0 == wanted }
    }
    for claim in file.claims where !claim.isIdentity {
      let cells = [
        claim.verdict, "\(claim.n)", short(claim.estimate), short(claim.interval.low), "...",
        short(claim.interval.high),
        short(100 * claim.interval.level), "%", short(claim.p), short(claim.pHolm),
      ]
      #expect(row(claim.name, cells), "\(claim.name) \(cells) in \(text)")
    }
    for condition in file.preconditions {
      let measured = condition.measured.map { String(format: "%.4g", $0) } ?? "–"
      let cells = [condition.required, measured, "\(condition.n)", condition.holds ? "holds" : "does not hold"]
      #expect(row(condition.name, cells), "\(condition.name) \(cells) in \(text)")
    }
  }

  @Test func itAgreesWithTheTerminal() throws {
    let toy = ToyExperiment(ToyConfiguration())
    let verdicts = try toy.decide(toy.findings(try toy.run().events))
    let file = try decoded(try VerdictFile(verdicts, experiment: "toy", preset: "smoke", alpha: 0.05).json())
    #expect(
      file.experiment == "toy" && file.preset == "smoke" && file.alpha == 0.05 && file.opening == verdicts.opening)
    #expect(file.claims.map(\.id) == ["lower-loss", "same-heat"] && file.claims.map(\.isIdentity) == [false, true])
    #expect(file.claims[0].preconditions == ["heat"] && file.preconditions.map(\.name) == ["heat"])
    // To the bit, where the terminal rounds.
    let evidence = verdicts.decisions[0].evidence
    #expect(file.claims[0].estimate == evidence.estimate && file.claims[0].pHolm == evidence.adjustedPValue)
    let summary = TerminalSummary(
      opening: verdicts.opening, preconditions: verdicts.preconditions, decisions: verdicts.decisions)
    agrees(file, with: summary.text(width: 300))
  }

  /// What JSON lacks is null, or the word that the log has.
  @Test func numbersThatJSONLacks() throws {
    let claim = Claim(id: "a", statement: "b", source: "c")
    var decision = claim.undecided(count: 0, StatisticsError.tooFewValues(what: "t", needed: 2, found: 0))
    decision.evidence.interval = Interval(low: -.infinity, high: 1)
    let toy = ToyExperiment(ToyConfiguration())
    var verdicts = try toy.decide(.madeUp(seeds: toy.reportedSeeds))
    verdicts.decisions = [decision]
    let text = String(
      decoding: try VerdictFile(verdicts, experiment: "e", preset: "p", alpha: 0.05).json(), as: UTF8.self)
    #expect(text.contains("\"low\" : \"-Infinity\"") && text.contains("\"estimate\" : null"), "\(text)")
  }

  /// A run's folder has it beside the report, and `descent report` writes it again, from the log alone.
  @Test func aRunWritesIt() throws {
    let folder = NSTemporaryDirectory() + "descent-verdicts-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = try RunSession.start(
      ToyExperiment.self, preset: "smoke", changes: [], seeds: nil, out: folder, replacing: false, data: DataLocator(),
      commandLine: ["toy"], announce: { _ in }, isQuiet: true)
    let path = try RunFolder.open(folder).verdictsPath
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    agrees(try decoded(first), with: TerminalSummary(outcome).text(width: 300))
    try FileManager.default.removeItem(atPath: path)
    _ = try RunSession.report(ToyExperiment.self, folder: try RunFolder.open(folder))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
  }

  /// A comparison's claims say what their estimates are of.
  @Test func aComparisonNamesItsUnit() throws {
    let folder = NSTemporaryDirectory() + "descent-verdicts-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = try MadeUpTable.comparison(
      ["slow: rate 1e-6", "narrow: rate {1e-5...1e-4}"], on: [MadeUpTable.problem(table: 1)]
    ) { ($0.seeds.count, $0.seeds.tuningCount) = (3, 1) }.run(out: folder)
    let file = try decoded(try Data(contentsOf: URL(fileURLWithPath: folder + "/verdicts.json")))
    #expect(file.experiment == "compare" && file.claims.map(\.verdict) == ["not applicable"])
    #expect(file.claims[0].unit == "test loss (standardised)" && file.claims[0].n == 3)
    #expect(file.claims[0].estimate == outcome.pairs[0].evidence.estimate)
    #expect(file.preconditions.filter { !$0.holds }.map(\.required).contains("at least 0.1"))
  }

  @Test func tablesQuoteWhatNeedsIt() {
    let table = RunTable(name: "t", header: ["a", "b"], rows: [["1, 2", "say \"x\""], ["plain", ""]])
    #expect(table.csv == "a,b\n\"1, 2\",\"say \"\"x\"\"\"\nplain,\n")
  }
}
