import Foundation
import Reports
import Statistics

package struct SpectrumAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  private var ranks: [Int] {
    looks.indices(MeasureFamily("eigenvalue/")).compactMap(Int.init).sorted()
  }

  package var line: String {
    let largest = ranks.prefix(3).map { looks.now("eigenvalue/\($0)") }.joined(separator: ", ")
    return
      "trace \(Report.number(looks.first("trace"))) -> \(looks.now("trace")) (standard error \(looks.now("trace/error"))), "
      + "largest eigenvalues \(largest); "
      + "\(Report.number(100 * looks.last("negative"))) % of the curvature bends down"
  }

  package var sections: [Report.Section] {
    var density = Plot(
      name: "spectrum-density", title: "Density of eigenvalues", xLabel: "eigenvalue of the Hessian", yLabel: "density",
      series: [density("at the first look", looks.first), density("at the last look", { looks.last($0) })]
        .filter { !$0.x.isEmpty })
    density.isLogY = true
    return [
      .paragraph(
        "Eigenvalues of the Hessian of the mean loss on training examples, by Lanczos' iteration from random directions (Yao et "
          + "al. 2020). Each of the largest is an estimate from below. The density is that of the nodes that are logged, each "
          + "spread over a hundredth of the span, and the area below it is 1."),
      looks.plot(
        "largest", "Largest eigenvalues", "eigenvalue", ranks.map { ("eigenvalue/\($0)", "\($0)") }),
      .plot(
        Plot(
          name: "spectrum-trace", title: "Trace, with 95 % by Student's t over directions", xLabel: "update",
          yLabel: "sum of all eigenvalues", series: [trace])),
    ]
      + (density.series.isEmpty
        ? [
          .paragraph(
            looks.last("node/0/value").isFinite
              ? "All eigenvalues that were found are one, but for rounding: there is no density to draw."
              : "No eigenvalues were found: the Hessian is not finite.")
        ]
        : [.plot(density)])
  }

  /// With the interval of Student's t over directions.
  private var trace: Plot.Series {
    let (trace, errors) = (looks.series("trace", ""), looks.series("trace/error", ""))
    let directions = looks.last("directions")
    // The log may have been edited.
    let isKnown = directions > 1 && directions.isFinite
    let factor = isKnown ? StudentT(degreesOfFreedom: directions - 1).upperQuantile(0.025) : .nan
    let halves = Dictionary(zip(errors.x, errors.y.map { factor * $0 })) { $1 }
    let known = zip(trace.x, trace.y).map { ($0, $1, halves[$0] ?? .nan) }
    return .init(
      name: "trace", x: known.map(\.0), y: known.map(\.1), low: known.map { $0.1 - $0.2 },
      high: known.map { $0.1 + $0.2 })
  }

  /// Nodes of one look as a sum of normal densities.
  private func density(_ name: String, _ value: (String) -> Double) -> Plot.Series {
    var nodes: [(value: Double, weight: Double)] = []
    while value("node/\(nodes.count)/value").isFinite {
      nodes.append((value("node/\(nodes.count)/value"), value("node/\(nodes.count)/weight")))
    }
    // What lies nearer together is one value but for rounding.
    guard let first = nodes.first, let last = nodes.last,
      last.value - first.value > 1e-4 * max(abs(first.value), abs(last.value))
    else { return .init(name: name, x: [], y: []) }
    let width = (last.value - first.value) / 100
    let x = (0...400).map { first.value + width * (Double($0) / 4 + 0.03 * (Double($0) - 200)) }
    let y = x.map { x in
      nodes.reduce(0) { sum, node in
        let z = (x - node.value) / width
        return sum + node.weight * exp(-z * z / 2) / (width * (2 * Double.pi).squareRoot())
      }
    }
    // What lies far below the peak is the tail of a normal density, and no eigenvalue.
    let floor = (y.max() ?? 0) * 1e-8
    return .init(name: name, x: x, y: y.map { max($0, floor) })
  }
}
