import Foundation
import Reports

package struct SharpnessAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  /// A curvature and the edge that it is compared with.
  private struct Edge {
    var (tag, edge): (String, String)
  }

  /// Of plain descent, or of a method that divides gradients; neither where no edge is known.
  private var edge: Edge? {
    if looks.tags.contains("scaled/stable") {
      return Edge(tag: "scaled", edge: "scaled/stable")
    }
    return looks.tags.contains("stable") ? Edge(tag: "largest", edge: "stable") : nil
  }

  /// The look at which the curvature was nearest to the edge, in ratio.
  private func nearest(_ edge: Edge) -> (step: Int, largest: Double, edge: Double)? {
    let (largest, limit) = (looks.series(edge.tag, ""), looks.series(edge.edge, ""))
    let limits = Dictionary(zip(limit.x, limit.y)) { $1 }
    let both = zip(largest.x, largest.y).compactMap { step, value in
      limits[step].map { (Int(saturating: step), value, $0) }
    }
    return both.max { $0.1 / $0.2 < $1.1 / $1.2 }
  }

  package var line: String {
    var found = "largest curvature \(Report.number(looks.first("largest"))) -> \(looks.now("largest"))"
    found += " ± \(looks.now("largest/error")), least at most \(looks.now("least"))"
    guard let edge, let nearest = nearest(edge) else { return found }
    return found
      + "; nearest at update \(nearest.step) to what descent on all examples at once bears: "
      + "\(Report.number(nearest.largest)) of \(Report.number(nearest.edge))"
      + (edge.tag == "scaled" ? ", divided as gradients are" : "")
  }

  private var explanation: String {
    let general =
      "The largest eigenvalue of the Hessian of the mean loss on training examples"
      + (edge == nil
        ? ". This method is none of those for which is known what descent would bear."
        : ", and what descent on all of them at once would bear at its rate: ")
    guard let edge else { return general }
    return general
      + (edge.tag == "largest"
        ? "2 / rate, more with momentum. Such descent often rises to that limit and stays there (Cohen et al. 2021); "
          + "with small batches it usually stays below."
        : "(2 + 2 β) / ((1 - β) rate), 38 / rate for β = 0.9, of the Hessian divided as the method divides gradients. Such "
          + "descent often rises to that limit and stays there (Cohen et al. 2022); with small batches it usually stays below.")
  }

  package var sections: [Report.Section] {
    let largest = looks.series("largest", "largest")
    var plots = [("largest", "Sharpness", [largest])]
    if let edge, edge.tag == "largest" { plots[0].2.append(looks.series(edge.edge, "stable below")) }
    if let edge, edge.tag == "scaled" {
      let both = [looks.series("scaled", "largest"), looks.series(edge.edge, "stable below")]
      plots.append(("scaled", "Sharpness, divided as gradients are", both))
    }
    return [.paragraph(explanation)]
      + plots.map { name, title, series in
        var plot = Plot(
          name: "sharpness-\(name)", title: title, xLabel: "update", yLabel: "largest eigenvalue of the Hessian",
          series: series)
        // The edge of a rate that falls to 0 lies far above.
        plot.isLogY = series.allSatisfy { $0.y.allSatisfy { $0 > 0 } }
        return .plot(plot)
      } + [
        looks.plot(
          "others", "Curvature along the gradient, and the least", "curvature",
          [("along", "along the gradient"), ("least", "least eigenvalue, at most")])
      ]
  }
}

package struct NoiseAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  /// "90 (60 to 180)", examples; what noise hides is said as such.
  private func scale(_ value: (String) -> Double) -> String {
    let (scale, low, high) = (value("scale"), value("scale/low"), value("scale/high"))
    let isKnown = scale.isFinite
    guard low.isFinite else { return isKnown ? Report.number(scale) : "unknown many" }
    let bounds = high.isFinite ? "\(Report.number(low)) to \(Report.number(high))" : "at least \(Report.number(low))"
    return isKnown ? "\(Report.number(scale)) (\(bounds))" : bounds
  }

  package var line: String {
    "a batch's gradient is as long as its noise with \(scale(looks.first)) -> \(scale { looks.last($0) }) examples, "
      + "where the batch has \(looks.now("batch"))"
  }

  package var sections: [Report.Section] {
    var plot = Plot(
      name: "noise-scale", title: "Gradient noise scale", xLabel: "update", yLabel: "examples",
      series: [
        looks.series("scale", "noise scale"), looks.series("scale/low", "at least, by two standard errors"),
        looks.series("batch", "batch"),
      ])
    // Equal gradients have the scale 0, which has no place on such an axis.
    plot.isLogY = plot.series.allSatisfy { $0.y.allSatisfy { $0 > 0 } }
    return [
      .paragraph(
        "The noise scale tr Σ / |G|²: a batch of so many examples has a gradient whose noise is as long as itself (McCandlish et "
          + "al. 2018). In batches far below it, twice the examples nearly halve the updates that are needed; in batches far above "
          + "it they save next to none. "
          + "\"At least\" is the inverse of |G|² / tr Σ and two of its standard errors; where noise hides the gradient there is "
          + "no scale."),
      .plot(plot),
      looks.plot("trace", "Noise of one example", "tr Σ", [("trace", "trace")]),
      looks.plot("square", "Gradient, without its noise", "|G|²", [("square", "squared length")]),
    ]
  }
}
