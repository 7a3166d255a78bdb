import Foundation

/// What `model.json` must be before anything relies on it: a file may be damaged, or edited by hand.
extension TrainedModel.Manifest {
  /// Whether its parts fit together.
  ///
  /// - Throws: `TrainingError`, `ModelError` or `DatasetError` that names the part.
  func check() throws {
    func need(_ isTrue: Bool, _ reason: String) throws { guard isTrue else { throw TrainingError(reason) } }
    try model.check()
    // Images are read in the size that this says.
    try need(
      model.input.reduce(1.0) { $0 * Double($1) } <= 0x1p28, "examples of \(model.input) hold more than 2^28 numbers")
    try need(
      classes.isEmpty || model.outputs == outputNames.count,
      "the model has \(model.outputs) outputs for \(outputNames.count) classes")
    try need(Set(outputNames).count == outputNames.count, "the classes have a name twice")
    try need(
      classes.isEmpty || loss.takesClasses,
      "the loss \(loss.name) takes numbers, and there are \(classes.count) classes")
    try targetScale?.check(outputs: model.outputs)
    if let classWeights {
      try need(
        !classes.isEmpty && classWeights.count == model.outputs
          && classWeights.allSatisfy { $0.isFinite && $0 >= 0 } && classWeights.contains { $0 > 0 },
        "the classes' weights are no \(model.outputs) numbers of classes")
    }
    let channels = model.input.last ?? 1
    if let normalization {
      try need(
        normalization.mean.count == channels && normalization.standardDeviation.count == channels,
        "the normalization is of other channels than the \(channels) of the input")
      try need(
        normalization.mean.allSatisfy(\.isFinite)
          && normalization.standardDeviation.allSatisfy { $0.isFinite && $0 > 0 },
        "the normalization has no finite means and positive deviations")
    }
    guard let encoding else { return }
    try encoding.check()
    try need(
      [.mlp, .registered].contains(model.kind) && model.input == [encoding.width],
      "the model \(model) takes no rows of the \(encoding.width) features of the columns")
    try need(encoding.classes == classes, "the columns are encoded for other classes")
    try need(loss.takesClasses != classes.isEmpty, "the loss \(loss.name) does not fit \(classes.count) classes")
    try need(
      !classes.isEmpty || model.outputs == encoding.targets.count,
      "the model has \(model.outputs) outputs for \(encoding.targets.count) targets")
    try need(encoding.targetScale == targetScale, "the targets are scaled in two ways")
  }

  /// A short name for exactly this and these weights: what `model.json` says besides the digest, as JSON with its keys
  /// in order, and the bits of the weights.
  func digest(of weights: Tree<NDArray>) throws -> String {
    var rest = self
    rest.digest = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = try encoder.encode(rest).withUnsafeBytes { FNV.hash($0) }
    return String(text, radix: 16) + "-" + weights.digest
  }
}
