extension TableEncoding {
  /// What a file that was written by hand, or is damaged, may get wrong.
  ///
  /// - Throws: `DatasetError` that names the column.
  package func check() throws {
    for input in inputs { try input.check() }
    guard let target = targets.first else { throw DatasetError("the encoding", "has no target") }
    guard Set(inputs.map(\.column)).count == inputs.count, Set(targets).count == targets.count else {
      throw DatasetError("the encoding", "has a column twice")
    }
    guard Set(classes).count == classes.count else { throw DatasetError("the target \(target)", "has a class twice") }
    guard classes.isEmpty || targets.count == 1 else {
      throw DatasetError("the encoding", "has classes of \(targets.count) targets, and one can have them")
    }
    try targetScale?.check(outputs: targets.count)
  }
}

extension TableEncoding.Input {
  /// Features of one text, at most: enough for any model, and few enough to count.
  private static let mostHashes = 1 << 20

  fileprivate func check() throws {
    func need(_ isTrue: Bool, _ reason: String) throws {
      guard isTrue else { throw DatasetError("the column \(column)", reason) }
    }
    try need(
      scales.allSatisfy { $0.mean.isFinite && $0.deviation.isFinite && $0.deviation > 0 && $0.limit > 0 },
      "has a scale without a finite mean and positive deviation and limit")
    try need(fill.isFinite, "fills missing cells with \(fill)")
    try need(unit.map { $0.isFinite && $0 > 0 } ?? true, "has a unit that is not positive")
    switch kind {
    case .number: try need(scales.count <= 1, "has \(scales.count) scales of one number")
    case .category:
      try need(Set(values).count == values.count, "has a value twice")
      try need(scales.count <= 1, "has \(scales.count) scales of one frequency")
      try need(counts.values.allSatisfy { $0 >= 0 }, "has a negative count of a value")
    case .text: try need((1...Self.mostHashes).contains(hashes), "has \(hashes) features for words")
    case .date: break
    }
  }
}

extension TargetScale {
  /// - Throws: `DatasetError` where it is none of so many outputs.
  package func check(outputs: Int) throws {
    guard mean.count == outputs, deviation.count == outputs else {
      throw DatasetError(
        "the target scale", "has \(mean.count) means and \(deviation.count) deviations for \(outputs) outputs")
    }
    guard mean.allSatisfy(\.isFinite), deviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw DatasetError("the target scale", "has no finite means and positive deviations")
    }
  }
}
