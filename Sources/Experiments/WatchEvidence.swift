import Foundation
import Reports
import RunLogs
import Training

/// What the diagnostics of a descent saw and cost, read from its log.
package struct WatchEvidence {
  /// In the order in which they look.
  private let accounts: [any WatchAccount]
  private let costs: [RunEvent]

  /// - Throws: `RunLogError` for a diagnostic that this version does not know.
  package init(_ events: [RunEvent]) throws {
    costs = events.filter { $0.kind == "cost" }
    let looks = Dictionary(grouping: events.filter { $0.kind == "watch" }, by: \.task)
    var names: [String] = []
    for event in events where event.kind == "watch" && !names.contains(event.task) { names.append(event.task) }
    accounts = try names.map { try WatchLooks($0, looks[$0]!).account() }
  }

  private func seconds(_ name: String) -> Double { costs.reduce(0) { $0 + ($1.values["seconds/\(name)"] ?? 0) } }
  private func share(_ name: String) -> Double { 100 * seconds(name) / seconds("run") }

  /// One line for each diagnostic.
  var lines: [String] {
    accounts.map { account in
      let name = account.looks.name
      return "\(name): \(account.line); \(Report.number(seconds(name))) s, \(Report.number(share(name))) % of the run"
    }
  }

  /// Nothing where nothing was watched.
  var sections: [Report.Section] {
    guard !accounts.isEmpty else { return [] }
    return accounts.flatMap { [.heading($0.looks.name.capitalized)] + $0.sections } + [
      .heading("Cost of the diagnostics"),
      .table(
        header: ["diagnostic", "looks", "seconds", "% of the run"],
        rows: accounts.map { account in
          let name = account.looks.name
          return [name, "\(account.looks.count)", Report.number(seconds(name)), Report.number(share(name))]
        } + [["the whole run", "", Report.number(seconds("run")), "100"]]),
    ]
  }
}

/// What one kind of diagnostic has to say: a line for the terminal, plots and tables for the report.
package protocol WatchAccount {
  init(_ looks: WatchLooks)
  var looks: WatchLooks { get }
  /// As "gap 0.1".
  var line: String { get }
  var sections: [Report.Section] { get }
}

extension WatchKind {
  /// How each of the library's kinds is told; a kind without an account is found by a test.
  package static var accounts: [String: any WatchAccount.Type] {
    [
      "calibration": CalibrationAccount.self, "flatness": FlatnessAccount.self, "lipschitz": LipschitzAccount.self,
      "loss": LossAccount.self, "noise": NoiseAccount.self, "norms": NormAccount.self,
      "sharpness": SharpnessAccount.self, "spectrum": SpectrumAccount.self,
      "twins": TwinAccount.self,
    ]
  }
}

/// The looks of one diagnostic, in their order.
package struct WatchLooks {
  let name: String
  private let events: [RunEvent]

  init(_ name: String, _ events: [RunEvent]) { (self.name, self.events) = (name, events) }

  /// - Throws: `RunLogError` for a diagnostic that this version does not know.
  func account() throws -> any WatchAccount {
    if let kind = WatchKind.accounts[name] { return kind.init(self) }
    let known = WatchKind.known.map(\.name)
    guard known.contains(name) else {
      throw RunLogError("the log tells of a diagnostic \(name); \(NearestName.hint(name, among: known))")
    }
    return GeneralAccount(self)
  }

  var count: Int { events.count }
  func first(_ tag: String) -> Double { events.first?.values[tag] ?? .nan }
  func last(_ tag: String, or earlier: String? = nil) -> Double {
    guard let values = events.last?.values else { return .nan }
    return values[tag] ?? earlier.flatMap { values[$0] } ?? .nan
  }

  /// The last value of a tag, as text.
  func now(_ tag: String) -> String { Report.number(last(tag)) }

  /// As "1000 of 12000 validation examples" where looks see only some of a set, else as "validation examples".
  func examples(of set: String, named name: String) -> String {
    let (seen, all) = (last("examples/" + set), last("of/" + set))
    return seen < all ? "\(Int(saturating: seen)) of \(Int(saturating: all)) \(name) examples" : "\(name) examples"
  }

  /// What it measures, in order.
  var tags: [String] { Set(events.flatMap(\.values.keys)).sorted() }

  /// The indices of a family of tags, of all looks.
  func indices(_ family: MeasureFamily<String>) -> [String] { family.indices(in: tags) }

  func plot(
    _ file: String, _ title: String, _ yLabel: String, _ tags: [(tag: String, label: String)]
  ) -> Report.Section {
    .plot(
      Plot(
        name: "\(name)-\(file)", title: title, xLabel: "update", yLabel: yLabel,
        series: tags.map { series($0.tag, $0.label) }))
  }

  /// - Parameter band: the tag of a deviation; the band is two of it to either side.
  func series(_ tag: String, _ label: String, band: String? = nil) -> Plot.Series {
    let points = events.compactMap { event -> (x: Double, y: Double, half: Double)? in
      guard let value = event.values[tag], value.isFinite else { return nil }
      return (Double(event.step), value, band.flatMap { event.values[$0] }.map { 2 * $0 } ?? 0)
    }
    let (x, y) = (points.map(\.x), points.map(\.y))
    guard band != nil else { return .init(name: label, x: x, y: y) }
    return .init(name: label, x: x, y: y, low: points.map { $0.y - $0.half }, high: points.map { $0.y + $0.half })
  }
}
