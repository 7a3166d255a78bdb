import Foundation
import Reports
import RunLogs

/// What the diagnostics of a descent saw and cost, read from its log.
struct WatchEvidence {
  /// In the order in which they look.
  let names: [String]
  private let looks: [String: [RunEvent]]
  private let costs: [RunEvent]

  init(_ events: [RunEvent]) {
    looks = Dictionary(grouping: events.filter { $0.kind == "watch" }, by: \.task)
    costs = events.filter { $0.kind == "cost" }
    var names: [String] = []
    for event in events where event.kind == "watch" && !names.contains(event.task) { names.append(event.task) }
    self.names = names
  }

  private func seconds(_ name: String) -> Double { costs.reduce(0) { $0 + ($1.values["seconds/\(name)"] ?? 0) } }
  private func share(_ name: String) -> Double { 100 * seconds(name) / seconds("run") }

  private func first(_ name: String, _ tag: String) -> Double { looks[name]?.first?.values[tag] ?? .nan }
  private func last(_ name: String, _ tag: String) -> Double { looks[name]?.last?.values[tag] ?? .nan }

  // MARK: Text

  /// One line for each diagnostic.
  var lines: [String] {
    names.map { name in
      "\(name): \(account(name)); \(Report.number(seconds(name))) s, \(Report.number(share(name))) % of the run"
    }
  }

  private func account(_ name: String) -> String {
    func now(_ tag: String) -> String { Report.number(last(name, tag)) }
    switch name {
    case "calibration":
      return "calibration error \(now("ece")), confidence \(now("maxSoftmax")), entropy \(now("entropy"))"
    case "lipschitz":
      let observed = "log of the norms' product \(Report.number(first(name, "z"))) -> \(now("z"))"
      guard last(name, "predicted").isFinite else { return observed + ", not predicted: no plain descent" }
      return observed + ", predicted \(now("predicted")) ± \(Report.number(2 * last(name, "deviation")))"
    case "flatness":
      return "gap \(now("gap")), loss under noise rises by \(now("rise/train")) (train) and \(now("rise/validation"))"
    case "twins": return "distance \(now("distance")) of parameters of norm \(now("norm"))"
    default: return ""
    }
  }

  // MARK: Report

  /// Nothing where nothing was watched.
  var sections: [Report.Section] {
    guard !names.isEmpty else { return [] }
    return names.flatMap { [.heading($0.capitalized)] + sections(of: $0) } + [
      .heading("Cost of the diagnostics"),
      .table(
        header: ["diagnostic", "looks", "seconds", "% of the run"],
        rows: names.map {
          [$0, "\(looks[$0]?.count ?? 0)", Report.number(seconds($0)), Report.number(share($0))]
        } + [["the whole run", "", Report.number(seconds("run")), "100"]]),
    ]
  }

  private func plot(
    _ name: String, _ file: String, _ title: String, _ yLabel: String, _ tags: [(tag: String, label: String)]
  ) -> Report.Section {
    .plot(
      Plot(
        name: "\(name)-\(file)", title: title, xLabel: "update", yLabel: yLabel,
        series: tags.map { series(name, $0.tag, $0.label) }))
  }

  private func series(_ name: String, _ tag: String, _ label: String, band: String? = nil) -> Plot.Series {
    let points = (looks[name] ?? []).compactMap { event -> (x: Double, y: Double, half: Double)? in
      guard let value = event.values[tag], value.isFinite else { return nil }
      return (Double(event.step), value, band.flatMap { event.values[$0] }.map { 2 * $0 } ?? 0)
    }
    let (x, y) = (points.map(\.x), points.map(\.y))
    guard band != nil else { return .init(name: label, x: x, y: y) }
    return .init(name: label, x: x, y: y, low: points.map { $0.y - $0.half }, high: points.map { $0.y + $0.half })
  }

  private func sections(of name: String) -> [Report.Section] {
    switch name {
    case "calibration": return calibration(name)
    case "lipschitz": return lipschitz(name)
    case "flatness":
      return [
        plot(
          name, "risks", "Loss of examples", "mean loss", [("risk/train", "train"), ("risk/validation", "validation")]),
        plot(
          name, "rises", "Rise of the loss under noise on the parameters", "rise of the mean loss",
          [("rise/train", "train"), ("rise/validation", "validation"), ("term", "validation less train")]),
      ]
    case "twins":
      let twins = (looks[name]?.first?.values.keys.filter { $0.hasPrefix("distance/") } ?? []).sorted()
      return [
        plot(
          name, "distance", "Distance to twins", "distance of parameters",
          [("distance", "mean")] + twins.map { ($0, "twin " + $0.dropFirst(9)) })
      ]
    default: return []
    }
  }

  private func calibration(_ name: String) -> [Report.Section] {
    let bins = (0..<10).filter { last(name, "bin/\($0)/count").isFinite }
    return [
      plot(name, "error", "Calibration error", "expected calibration error", [("ece", "calibration error")]),
      plot(
        name, "confidence", "Confidence", "mean largest softmax, Brier score",
        [("maxSoftmax", "mean largest softmax"), ("brier", "Brier score")]),
      plot(name, "logits", "Logits", "mean largest logit", [("maxLogit", "mean largest absolute logit")]),
      .plot(
        .reliability(
          name: "calibration-reliability", title: "Reliability at the end",
          confidence: bins.map { last(name, "bin/\($0)/middle") },
          accuracy: bins.map { last(name, "bin/\($0)/accuracy") },
          counts: bins.map { Int(last(name, "bin/\($0)/count")) })),
    ]
  }

  private func lipschitz(_ name: String) -> [Report.Section] {
    let paths = (looks[name]?.first?.values.keys ?? [:].keys)
      .filter { $0.hasPrefix("layer/") && $0.hasSuffix("/norm") }.map { $0.dropFirst(6).dropLast(5) }.sorted()
    let isPredicted = last(name, "predicted").isFinite
    var bound = Plot(
      name: "lipschitz-bound", title: "Bound of the network", xLabel: "update", yLabel: "Z = Σ log K",
      series: isPredicted ? [series(name, "predicted", "predicted ± 2 deviations", band: "deviation")] : [])
    var observed = series(name, "z", "observed")
    observed.style = isPredicted ? .points : .line
    bound.series.append(observed)
    func cell(_ tag: String) -> String { Report.number(last(name, tag)) }
    let rows = paths.map { path in
      let (start, end) = (log(first(name, "layer/\(path)/norm")), log(last(name, "layer/\(path)/norm")))
      return [
        "\(path)", Report.number(exp(start)), Report.number(exp(end)), Report.number(end - start),
        Report.number(last(name, "layer/\(path)/predicted") - start), cell("layer/\(path)/deviation"),
        cell("layer/\(path)/bound"), cell("layer/\(path)/exact"), cell("layer/\(path)/torus"),
      ]
    }
    return [
      .paragraph(
        isPredicted
          ? "Predicted: the stochastic differential equation of plain descent with batches drawn with replacement; looks "
            + "stand for the stretches between them. A new order each epoch makes the noise smaller."
          : "The equation that predicts Z is one of plain descent at a constant rate (rate alone, or decay and rate), "
            + "and this is another method: only the norms and what drives plain descent are shown."),
      .plot(bound),
      plot(
        name, "norms", "Operator norms", "norm of the weight", paths.map { ("layer/\($0)/norm", String($0)) }),
      .table(
        header: [
          "weight", "norm at the start", "at the end", "observed Δ log K", "predicted", "deviation",
          "bound of a convolution", "its norm", "on a torus",
        ], rows: rows),
    ]
  }
}
