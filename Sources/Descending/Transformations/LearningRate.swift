/// The step against the gradient: updates times minus the rate.
public struct LearningRate: GradientTransformation {
  public let schedule: Schedule

  public init(_ schedule: Schedule) { self.schedule = schedule }
  public init(_ rate: Double) { schedule = .constant(rate) }

  public var description: String { "rate \(schedule)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var rate = schedule.value(at: context.counters)
    if let factor = context.rateFactor { rate = rate * factor.cast(to: .float32) }
    context.rateFactor = nil
    context.read("optimizer/learningRate", rate)
    return (-rate * updates, state)
  }
}
