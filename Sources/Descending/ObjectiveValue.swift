/// What an objective gives at a point: one loss or several, and scalars worth recording.
public struct ObjectiveValue {
  /// One or more scalars, each with a name of its own.
  public var losses: [(name: String, value: Tensor)]
  /// Scalars worth recording, by tag.
  public var readings: [String: Tensor]

  /// One loss.
  public init(_ loss: Tensor, readings: [String: Tensor] = [:]) {
    losses = [("loss", loss)]
    self.readings = readings
  }

  /// Several losses, for a method that weighs them.
  public init(losses: [(name: String, value: Tensor)], readings: [String: Tensor] = [:]) {
    precondition(!losses.isEmpty, "an objective has a loss")
    self.losses = losses
    self.readings = readings
  }
}
