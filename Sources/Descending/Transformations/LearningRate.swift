/// The step against the gradient: updates times minus the rate.
///
/// Whatever comes before it works on gradients, whatever comes after it on steps. Reads "optimizer/learningRate", the
/// rate in force, with the factor that a stage before it may have set.
public struct LearningRate: GradientTransformation {
  public let schedule: Schedule

  public init(_ schedule: Schedule) { self.schedule = schedule }
  public init(_ rate: Double) { schedule = .constant(rate) }

  public var makesStep: Bool { true }
  public var description: String { "rate \(schedule)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var rate = schedule.value(at: context.counters)
    if let factor = try context.step() { rate = rate.cast(to: factor.elementType) * factor }
    context.read("optimizer/learningRate", rate)
    return (-rate * updates, state)
  }
}
