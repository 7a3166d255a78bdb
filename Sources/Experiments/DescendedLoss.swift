import Training

extension LossFunction {
  /// What is descended where nothing is said.
  package static func standard(of data: Dataset) -> LossFunction { data.labels == nil ? .squaredError : .crossEntropy }

  /// The loss of that name, or what is usual for the data.
  ///
  /// - Throws: `SettingsError` where there is none, or it takes classes and there are none, or the other way round.
  package static func descended(_ name: String?, on data: Dataset) throws -> LossFunction {
    guard let name else { return standard(of: data) }
    let loss: LossFunction
    do { loss = try LossFunction(named: name) } catch { throw SettingsError("\(error)") }
    guard loss.takesClasses == (data.labels != nil) else {
      let others = LossKind.known.filter { $0.takesClasses == !loss.takesClasses }.map(\.name).joined(separator: ", ")
      throw SettingsError(
        "the loss \(loss.name) takes \(loss.takesClasses ? "classes" : "numbers"), and \(data.name) has "
          + "\(loss.takesClasses ? "numbers" : "classes"), which \(others) take")
    }
    return loss
  }
}
