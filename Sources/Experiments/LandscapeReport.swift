import Diagnostics
import Foundation
import Reports
import RunLogs
import Training

/// The loss around a trained model's weights as a page: lines of equal loss on a plane, and how it rises with the distance.
package struct LandscapeReport {
  static let page = DrawnPage(
    "landscape.html", beside: ["landscape.csv", "report-data/landscape-*"], drawnBy: "\(ProgramName.text) landscape")
  private let source: String
  private let names: [String]
  /// What is measured, in words.
  private let measure: String
  private let planes: [LossPlane]

  /// - Parameters:
  ///   - model: of the run that the problem is of.
  ///   - points: along each direction, odd.
  ///   - span: how far to either side, in lengths of the weights.
  ///   - examples: of each part, at most.
  ///   - afterEach: called after each point of the plane.
  /// - Throws: `TrainingError` where a part has no example; what measuring throws.
  package init(
    _ model: TrainedModel, of problem: TrainingProblem, source: String, points: Int, span: Double, examples: Int,
    seed: Int, afterEach: () -> Void
  ) throws {
    let loss = problem.classWeights.map { model.manifest.loss.weighted($0) } ?? model.manifest.loss
    let key = RandomKey(seed: seed).split("landscape")
    let site = WatchSite(
      model: try model.manifest.model.makeLayer(), loss: loss, train: problem.train, validation: problem.validation,
      normalization: problem.normalization, key: key)
    let parts = [("training", problem.train), ("validation", problem.validation)]
    let sets = parts.map { site.examples($0.1, examples, $0.0) }
    names = zip(parts, sets).map { counted($1.count, "\($0.0) example") }
    measure =
      model.manifest.loss.name + (problem.classWeights == nil ? "" : ", rows weighted by class")
      + (problem.targetScale == nil ? "" : ", of standardised targets")
    self.source = source
    let half = points / 2
    let probe = RiskProbe(site.model, modelState: model.modelState) { loss.perSample($0, $1) }
    planes = try probe.planes(
      through: model.parameters, on: sets, key: key.split("directions"),
      positions: (-half...half).map { span * Double($0) / Double(half) }, afterEach: afterEach)
  }

  private var distances: [Double] { planes[0].positions.filter { $0 >= 0 } }

  /// The mean over the four ways.
  private func mean(_ plane: LossPlane, at distance: Double) -> Double {
    let losses = plane.losses(at: distance)
    return losses.reduce(0, +) / Double(losses.count)
  }

  /// Lines for the terminal.
  package var text: String {
    let step = max(1, (distances.count - 1) / 5)
    let rows = stride(from: 0, to: distances.count, by: step).map { index in
      [Report.number(distances[index])] + planes.map { Report.number(mean($0, at: distances[index])) }
    }
    return
      "\(source): the mean loss (\(measure)) at a distance from the weights, in their own lengths, over four ways\n"
      + TextTable(header: ["distance"] + names, rows: rows).text(width: 100)
  }

  /// Writes the page, and all losses as CSV beside it.
  ///
  /// - Returns: the page's path.
  /// - Throws: `ReportError` where it cannot be drawn or written.
  package func write(to folder: String) throws -> String {
    let path = folder + "/landscape.html"
    let positions = planes[0].positions
    try Report(title: "The loss around the weights", subtitle: "\(source), \(measure)", sections: sections).write(
      to: path, gnuplot: try Gnuplot())
    let lines = positions.indices.flatMap { i in
      positions.indices.map { j in
        ([positions[i], positions[j]] + planes.map { $0.losses[i][j] }).map { $0.isNaN ? "nan" : "\($0)" }
          .joined(separator: ",")
      }
    }
    try AtomicFile.write(
      (["first,second,train,validation"] + lines).joined(separator: "\n") + "\n", to: folder + "/landscape.csv")
    return path
  }

  private var sections: [Report.Section] {
    [
      .paragraph(
        "The mean loss where two random directions are added to the weights. Each filter of a direction is as long as that of "
          + "the weights, so that 1 is as far as they are long; biases stay (Li et al. 2018). Two directions of many: what rises "
          + "in them may fall in others."),
      contours(planes[0], "training", names[0]), contours(planes[1], "validation", names[1]), .plot(rise),
    ]
  }

  private func contours(_ plane: LossPlane, _ name: String, _ examples: String) -> Report.Section {
    let lines = ContourLines(
      plane.losses, columns: plane.positions, rows: plane.positions, count: min(10, plane.positions.count))
    guard !lines.x.isEmpty else {
      return .paragraph("\(examples): no lines of equal loss, as it is the same everywhere or nearly nowhere finite.")
    }
    // Where the first direction crosses a line, its loss is written.
    let center = plane.positions.count / 2
    var marks: [(x: Double, level: Double)] = []
    for level in lines.levels {
      for i in center..<plane.positions.count - 1 {
        let (here, next) = (plane.losses[i][center], plane.losses[i + 1][center])
        guard here.isFinite, next.isFinite, (here < level) != (next < level) else { continue }
        let x = plane.positions[i] + (level - here) / (next - here) * (plane.positions[i + 1] - plane.positions[i])
        // Where there is room for it.
        let span = plane.positions.last!
        if x - (marks.last?.x ?? -.infinity) > 0.16 * span, x < 0.92 * span { marks.append((x, level)) }
        break
      }
    }
    let isNarrow = (lines.levels.last! - lines.levels.first!) < 0.5 * abs(lines.levels.last!)
    var plot = Plot(
      name: "landscape-\(name)", title: "Lines of equal loss, \(examples)", xLabel: "first direction",
      yLabel: "second direction",
      series: [
        .init(name: "equal loss", x: lines.x, y: lines.y, style: .faint),
        .init(name: "the weights", x: [0], y: [0], style: .points),
        .init(
          name: "the loss of a line", x: marks.map(\.x), y: marks.map { _ in 0 }, style: .points,
          labels: marks.map { isNarrow ? Report.number($0.level) : String(format: "%.2g", $0.level) }),
      ])
    plot.xRange = plane.positions.first!...plane.positions.last!
    plot.yRange = plot.xRange
    return .plot(plot)
  }

  private var rise: Plot {
    var plot = Plot(
      name: "landscape-rise", title: "Loss at a distance, mean and range of four ways",
      xLabel: "lengths of the weights",
      yLabel: "mean loss",
      series: zip(planes, names).map { plane, name in
        let all = distances.map { plane.losses(at: $0) }
        return .init(
          name: name, x: distances, y: distances.map { mean(plane, at: $0) }, low: all.map { $0.min() ?? .nan },
          high: all.map { $0.max() ?? .nan })
      })
    plot.isLogY = planes.allSatisfy { $0.losses.joined().allSatisfy { $0 > 0 } }
    return plot
  }
}
