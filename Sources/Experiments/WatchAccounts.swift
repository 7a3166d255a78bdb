import Foundation
import Reports

package struct LossAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  package var line: String {
    "\(Report.number(looks.first("train"))) -> \(looks.now("train")) on \(looks.examples(of: "train", named: "training")), "
      + "\(Report.number(looks.first("validation"))) -> \(looks.now("validation")) on "
      + looks.examples(of: "validation", named: "validation")
  }

  package var sections: [Report.Section] {
    let series = [looks.series("train", "training"), looks.series("validation", "validation")]
    var plot = Plot(
      name: "loss-looks", title: "Loss at each look", xLabel: "update", yLabel: "mean loss", series: series)
    plot.isLogY = series.allSatisfy { $0.y.allSatisfy { $0 > 0 } }
    return [.plot(plot)]
  }
}

package struct CalibrationAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  package var line: String {
    "calibration error \(looks.now("ece")), confidence \(looks.now("maxSoftmax")), entropy \(looks.now("entropy"))"
  }

  package var sections: [Report.Section] {
    let bins = (0..<10).filter { looks.last("bin/\($0)/count").isFinite }
    return [
      looks.plot("error", "Calibration error", "expected calibration error", [("ece", "calibration error")]),
      looks.plot(
        "confidence", "Confidence", "mean largest softmax, Brier score",
        [("maxSoftmax", "mean largest softmax"), ("brier", "Brier score")]),
      looks.plot("logits", "Logits", "mean largest absolute logit", [("maxLogit", "mean largest absolute logit")]),
      .plot(
        .reliability(
          name: "calibration-reliability", title: "Reliability at the end",
          confidence: bins.map { looks.last("bin/\($0)/middle") },
          // Earlier versions logged it as accuracy.
          accuracy: bins.map { looks.last("bin/\($0)/right", or: "bin/\($0)/accuracy") },
          counts: bins.map { Int(saturating: looks.last("bin/\($0)/count")) })),
    ]
  }
}

package struct FlatnessAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  package var line: String {
    "gap \(looks.now("gap")), loss under noise rises by \(looks.now("rise/train")) on "
      + "\(looks.examples(of: "train", named: "training")) and \(looks.now("rise/validation")) on "
      + looks.examples(of: "validation", named: "validation")
  }

  package var sections: [Report.Section] {
    [
      looks.plot(
        "risks", "Loss of examples", "mean loss", [("risk/train", "train"), ("risk/validation", "validation")]),
      looks.plot(
        "rises", "Rise of the loss under noise on the parameters", "rise of the mean loss",
        [("rise/train", "train"), ("rise/validation", "validation"), ("term", "validation less train")]),
    ]
  }
}

package struct TwinAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  package var line: String { "distance \(looks.now("distance")) of parameters of norm \(looks.now("norm"))" }

  package var sections: [Report.Section] {
    let twins = looks.indices(MeasureFamily("distance/"))
    return [
      looks.plot(
        "distance", "Distance to twins", "distance of parameters",
        [("distance", "mean")] + twins.map { ("distance/\($0)", "twin \($0)") })
    ]
  }
}

package struct NormAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  package var line: String {
    "gradient \(Report.number(looks.first("gradient"))) -> \(looks.now("gradient")), parameters \(looks.now("parameters")), "
      + "last update \(looks.now("update")), \(looks.now("distance")) from the start"
  }

  package var sections: [Report.Section] {
    let paths = looks.indices(MeasureFamily("layer/", "/parameters"))
    return [
      looks.plot(
        "lengths", "Parameters", "Euclidean norm",
        [("parameters", "parameters"), ("distance", "distance from the start")]),
      looks.plot("gradient", "Gradient of the training loss", "Euclidean norm", [("gradient", "gradient")]),
      looks.plot("update", "Last update before the look", "Euclidean norm", [("update", "update")]),
      .table(
        header: [
          "tensor", "norm at the start", "at the end", "of its gradient", "of its last update", "update / norm",
        ],
        rows: paths.map { path in
          let tag = { (name: String) in "layer/\(path)/\(name)" }
          let (norm, update) = (looks.last(tag("parameters")), looks.last(tag("update")))
          return [path]
            + [
              looks.first(tag("parameters")), norm, looks.last(tag("gradient")), update,
              norm > 0 ? update / norm : .nan,
            ]
            .map { Report.number($0) }
        }),
    ]
  }
}

package struct LipschitzAccount: WatchAccount {
  package let looks: WatchLooks

  package init(_ looks: WatchLooks) { self.looks = looks }

  private var isPredicted: Bool { looks.last("predicted").isFinite }

  package var line: String {
    let observed = "log of the norms' product \(Report.number(looks.first("z"))) -> \(looks.now("z"))"
    guard isPredicted else { return observed + ", not predicted: no plain descent" }
    return observed + ", predicted \(looks.now("predicted")) ± \(Report.number(2 * looks.last("deviation")))"
  }

  package var sections: [Report.Section] {
    let paths = looks.indices(MeasureFamily("layer/", "/norm"))
    var bound = Plot(
      name: "lipschitz-bound", title: "Bound of the network", xLabel: "update", yLabel: "Z = Σ log K",
      series: isPredicted ? [looks.series("predicted", "predicted ± 2 deviations", band: "deviation")] : [])
    var observed = looks.series("z", "observed")
    observed.style = isPredicted ? .points : .line
    bound.series.append(observed)
    let rows = paths.map { path in
      let (start, end) = (log(looks.first("layer/\(path)/norm")), log(looks.last("layer/\(path)/norm")))
      return [
        path, Report.number(exp(start)), Report.number(exp(end)), Report.number(end - start),
        Report.number(looks.last("layer/\(path)/predicted") - start),
      ] + ["deviation", "bound", "exact", "torus"].map { looks.now("layer/\(path)/\($0)") }
    }
    return [
      .paragraph(
        isPredicted
          ? "Predicted: the stochastic differential equation of plain descent with batches drawn with replacement; looks "
            + "stand for the stretches between them. A new order each epoch makes the noise smaller."
          : "The equation that predicts Z is one of plain descent at a constant rate (rate alone, or decay and rate), "
            + "and this is another method: only the norms and what drives plain descent are shown."),
      .plot(bound),
      looks.plot("norms", "Operator norms", "norm of the weight", paths.map { ("layer/\($0)/norm", $0) }),
      .table(
        header: [
          "weight", "norm at the start", "at the end", "observed Δ log K", "predicted", "deviation",
          "bound of a convolution", "its norm", "on a torus",
        ], rows: rows),
    ]
  }
}
