import Foundation
import Reports
import RunLogs
import Training

/// Several runs of `train` beside each other: in which settings they differ, what each came to, and their curves over updates and
/// over time.
///
/// Nothing is decided: the runs were not tuned alike, and each is one seed. That is what `descent compare` is for.
package struct SideBySide {
  private struct Run {
    var name: String
    var settings: [(name: String, value: String)]
    var events: [RunEvent]

    func setting(_ name: String) -> String { settings.first { $0.name == name }?.value ?? "" }

    /// Whether its classes are measured by the log-loss of a softmax, whatever it descends.
    var isMeasuredByLogLoss: Bool {
      !setting("loss").contains(LossFunction.stableMax.name)
        && events.contains { $0.kind == "epoch" && $0.values["validation/accuracy"] != nil }
    }
  }

  private let runs: [Run]

  /// More curves than that are hard to tell apart.
  package static let most = 12

  /// - Parameter folders: 2 to 12, of runs of `train`.
  /// - Throws: `RunLogError` for one that is no such run, has recorded no epoch yet, or is named twice.
  package init(_ folders: [String]) throws {
    guard 2...Self.most ~= folders.count else {
      throw RunLogError("side by side go 2 to \(Self.most) runs, and there are \(folders.count)")
    }
    let paths = folders.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    let names = Self.names(of: paths)
    runs = try folders.indices.map { index in
      let folder = try RunFolder.open(folders[index])
      guard TrainingRun.isRun(folder) else {
        throw RunLogError("\(folders[index]) is no run of \(ProgramName.text) train: only those go side by side")
      }
      guard !paths[..<index].contains(paths[index]) else { throw RunLogError("\(folders[index]) is named twice") }
      let events = try folder.events()
      guard events.contains(where: { $0.kind == "epoch" }) else {
        throw RunLogError("\(folders[index]) has not recorded an epoch yet")
      }
      return Run(name: names[index], settings: try Settings.list(TrainingRun.settings(of: folder)), events: events)
    }
  }

  /// The ends of paths, as short as tells them apart.
  static func names(of paths: [String]) -> [String] {
    let parts = paths.map { $0.split(separator: "/").map(String.init) }
    for length in 1...(parts.map(\.count).max() ?? 1) {
      let names = parts.map { $0.suffix(length).joined(separator: "/") }
      if Set(names).count == names.count { return names }
    }
    return paths
  }

  // MARK: What differs, what came of it

  /// Settings that are not the same in all runs. What follows from others, as the network from the columns, is told by them.
  private var differences: [String] {
    let names = runs.flatMap { $0.settings.map(\.name) }
    var seen: Set<String> = []
    return names.filter { name in
      let isOwn = !["network.", "table.", "directory", "startedAs"].contains { name.hasPrefix($0) }
      return isOwn && seen.insert(name).inserted && Set(runs.map { $0.setting(name) }).count > 1
    }
  }

  /// Measures of the weights that were kept, on validation and test examples, by the name that a table gives them.
  private func measures(_ run: Run) -> [(name: String, value: Double)] {
    let parts = [("final", "final/validation/"), ("test", "test/")]
    return parts.flatMap { kind, prefix -> [(String, Double)] in
      let values = run.events.last { $0.kind == kind }?.values ?? [:]
      return values.keys.sorted().filter { $0.hasPrefix(prefix) }.map { tag in
        (kind == "final" ? String(tag.dropFirst("final/".count)) : tag, values[tag]!)
      }.filter { Self.main.contains($0.0.split(separator: "/").dropFirst().joined(separator: "/")) }
    }
  }

  private static let main = [
    "loss", "weightedLoss", "ownLoss", "accuracy", "balancedAccuracy", "f1", "auc", "rmse", "mae", "r2",
  ]

  /// Numbers of diagnostics that runs carried, in the order in which they looked: of a kind that names none, all.
  private var diagnostics: [(watch: String, quantity: WatchKind.Quantity)] {
    let looks = runs.flatMap(\.events).filter { $0.kind == "watch" }
    var names: [String] = []
    for event in looks where !names.contains(event.task) { names.append(event.task) }
    return names.flatMap { name -> [(watch: String, quantity: WatchKind.Quantity)] in
      let named = WatchKind.known.first { $0.name == name }?.quantities ?? []
      let tags = Set(looks.filter { $0.task == name }.flatMap(\.values.keys)).sorted()
      return (named.isEmpty ? tags.map { WatchKind.Quantity($0, $0) } : named).map { (name, $0) }
    }
  }

  private static func value(_ event: RunEvent, of watch: String, _ tag: String) -> Double? {
    event.kind == "watch" && event.task == watch ? event.values[tag] : nil
  }

  private var table: (header: [String], rows: [[String]]) {
    let settings = differences
    let found = runs.map { Dictionary(measures($0)) { $1 } }
    let columns = runs.flatMap { measures($0).map(\.name) }.reduce(into: [String]()) { names, name in
      if !names.contains(name) { names.append(name) }
    }
    let watched = diagnostics.filter { $0.watch != "loss" }
    let rows = zip(runs, found).map { run, values -> [String] in
      let last = run.events.last { $0.kind == "epoch" }!
      let own = [run.name] + settings.map { run.setting($0) } + ["\(last.step)", Report.number(last.time)]
      let measured = columns.map { values[$0] }
      let seen = watched.map { watch, quantity in
        run.events.reversed().lazy.compactMap { Self.value($0, of: watch, quantity.tag) }.first
      }
      return own + (measured + seen).map { $0.map { Report.number($0) } ?? "" }
    }
    let names = watched.map { "\($0.watch)/\($0.quantity.tag)" }
    return (["run"] + settings + ["updates", "seconds"] + columns + names, rows)
  }

  private var caution: String {
    let changes = differences.filter {
      ["source", "classWeights"].contains($0) || ($0 == "loss" && runs.contains { !$0.isMeasuredByLogLoss })
    }
    return Self.caution
      + (changes.isEmpty
        ? "" : " They differ in \(changes.joined(separator: " and ")): so do the losses that are measured.")
  }

  private static let caution =
    "Each run is one seed, and they were not tuned alike: whether a difference is more than chance is said by \(ProgramName.text) compare. "
    + "Seconds include what diagnostics took."

  /// For the terminal, where a column for each run leaves room for what is long.
  package var text: String {
    let table = table
    let rows = table.header.indices.dropFirst().map { column in
      [table.header[column]] + table.rows.map { $0[column] }
    }
    return TextTable(header: [table.header[0]] + table.rows.map { $0[0] }, rows: rows).text(width: 120) + "\n\n"
      + TextTable.wrapped(caution, width: 120).joined(separator: "\n")
  }

  // MARK: Curves

  /// A value that several runs record, over updates and, where it costs nothing by itself, over seconds.
  private func curves(
    _ file: String, _ title: String, isOverTime: Bool = true, _ point: (RunEvent) -> Double?
  ) -> [Report.Section] {
    func plot(_ axis: String, _ name: String, _ x: (RunEvent) -> Double) -> Plot {
      var plot = Plot(
        name: "\(file)-\(name)", title: "\(title) over \(name)", xLabel: axis, yLabel: title,
        series: runs.enumerated().map { index, run in
          let points = run.events.compactMap { event in point(event).map { (x(event), $0) } }.filter(\.1.isFinite)
          return .init(name: run.name, x: points.map(\.0), y: points.map(\.1), color: index)
        }.filter { !$0.x.isEmpty })
      // A lone curve has no legend.
      if plot.series.count == 1 { plot.title += " (\(plot.series[0].name))" }
      let values = plot.series.flatMap(\.y)
      let isWide = (values.max() ?? 1) > 20 * (values.min() ?? 1)
      plot.isLogY = (title.hasSuffix("loss") || isWide) && values.allSatisfy { $0 > 0 }
      return plot
    }
    let all =
      [plot("update", "updates") { Double($0.step) }] + (isOverTime ? [plot("seconds", "time") { $0.time }] : [])
    return all.filter { !$0.series.isEmpty }.map { .plot($0) }
  }

  /// With plots of the losses and measures of epochs, of losses within them where runs watched these, and of diagnostics.
  package var report: Report {
    let epochs = runs.flatMap(\.events).filter { $0.kind == "epoch" }
    let tags = ["loss/train", "validation/loss"] + Self.main.dropFirst().map { "validation/\($0)" }
    var sections: [Report.Section] = [
      .paragraph(caution), .table(header: table.header, rows: table.rows), .heading("Curves"),
    ]
    for part in ["train", "validation"] {
      sections += curves("looks-\(part)", "\(part) examples, loss") { Self.value($0, of: "loss", part) }
    }
    for tag in tags where epochs.contains(where: { $0.values[tag] != nil }) {
      let title = tag == "loss/train" ? "batches of an epoch, loss" : tag.replacing("/", with: " ")
      sections += curves(tag.replacing("/", with: "-"), title) { $0.kind == "epoch" ? $0.values[tag] : nil }
    }
    let watched = diagnostics.filter { $0.watch != "loss" }
    if !watched.isEmpty { sections.append(.heading("Diagnostics")) }
    for (index, (watch, quantity)) in watched.enumerated() {
      let name = String("\(watch)-\(quantity.tag)".map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
      sections += curves("look-\(index + 1)-\(name)", "\(watch): \(quantity.name)", isOverTime: false) {
        Self.value($0, of: watch, quantity.tag)
      }
    }
    return Report(
      title: "\(runs.count) runs side by side", subtitle: runs.map(\.name).joined(separator: ", "), sections: sections)
  }
}
