import Foundation
import Reports

package struct SpectrumAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  private var ranks: [Int] {
    looks.indices(MeasureFamily("eigenvalue/")).compactMap(Int.init).sorted()
  }

  package var line: String {
    let largest = ranks.prefix(3).map { looks.now("eigenvalue/\($0)") }.joined(separator: ", ")
    return "trace \(Report.number(looks.first("trace"))) -> \(looks.now("trace")) ± \(looks.now("trace/error")), "
      + "largest eigenvalues \(largest); "
      + "\(Report.number(100 * looks.last("negative"))) % of the curvature bends down"
  }

  package var sections: [Report.Section] {
    var density = Plot(
      name: "spectrum-density", title: "Density of eigenvalues", xLabel: "eigenvalue of the Hessian", yLabel: "density",
      series: [density("at the first look", looks.first), density("at the last look", { looks.last($0) })])
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
          name: "spectrum-trace", title: "Trace", xLabel: "update", yLabel: "sum of all eigenvalues",
          series: [looks.series("trace", "trace ± 2 errors", band: "trace/error")])),
      .plot(density),
    ]
  }

  /// Nodes of one look as a sum of normal densities.
  private func density(_ name: String, _ value: (String) -> Double) -> Plot.Series {
    var nodes: [(value: Double, weight: Double)] = []
    while value("node/\(nodes.count)/value").isFinite {
      nodes.append((value("node/\(nodes.count)/value"), value("node/\(nodes.count)/weight")))
    }
    guard let first = nodes.first, let last = nodes.last, last.value > first.value else {
      return .init(name: name, x: [], y: [])
    }
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
