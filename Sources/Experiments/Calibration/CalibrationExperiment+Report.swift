import Foundation
import Reports
import RunLogs

extension CalibrationExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let evidence = CalibrationEvidence(events)
    let decisions = decide(evidence)
    let peak = events.compactMap { $0.values["peakMemoryBytes"] }.max() ?? 0
    let seconds = events.map(\.time).max() ?? 0
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Each claim is decided by a paired test over seeds: both arms of a seed start from the same weights and see the same "
          + "batches. Estimates are orthogonal minus SGD. Verdicts are those after Holm's correction for the "
          + "\(decisions.count) claims; the p-value of each test alone stands beside. What the authors claim is judged only "
          + "where all preconditions hold."),
      .decisions(decisions), .heading("Measures"), table(evidence), .heading("Descents"),
    ]
    for (tag, label) in [
      ("test/nll", "test loss (nats)"), ("test/accuracy", "test accuracy (%)"), ("loss/train", "training loss (nats)"),
      ("test/maxSoftmax", "mean maximum softmax"),
    ] {
      sections.append(.plot(curve(events, tag, label)))
    }
    sections += [.heading("Reliability"), .plot(reliability(evidence)), .heading("Damaged images")]
    sections.append(
      .paragraph(
        "Our own corruptions (noise, blur, contrast, brightness, pixelate at five severities), not the files of CIFAR-10-C."
      ))
    for (tag, label) in [("nll", "loss (nats)"), ("accuracy", "accuracy (%)"), ("entropy", "entropy (nats)")] {
      sections.append(.plot(corruption(evidence, tag, label)))
    }
    if let ablation = ablation(evidence) {
      sections += [
        .heading("Which parameters matter"),
        .paragraph(
          "The projection applied to a part of the parameters only; differences to SGD with 95 % intervals over seeds."),
        .plot(ablation),
      ]
    }
    sections += [
      .heading("How it was made"),
      .paragraph(
        "Time \(ProgressBar.duration(seconds)), peak memory \(Int(peak / 1_048_576)) MB. Our choices where the paper is silent: last epoch, "
          + "not best; temperature fitted on held-out training images; margins of the equivalence tests; guards of the "
          + "projection; normalisation by the training images' own statistics."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let title = "Orthogonal gradients and calibration"
    let subtitle =
      "\(configuration.model.kind) on \(configuration.data.name), \(configuration.data.trainPerClass) images a class, "
      + "\(configuration.descent.epochs) epochs, n = \(evidence.descents(Self.orthogonal.name).count) seeds"
    var report = Report(title: title, subtitle: subtitle, sections: sections)
    report.preconditions = preconditions(evidence)
    return (decisions, report)
  }
}
