/// What a transformation needs besides gradients; known when a chain is built.
public struct Requirements: OptionSet, Sendable, CustomStringConvertible {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The point where the gradients were taken.
  public static let parameters = Requirements(rawValue: 1)
  /// The loss at that point.
  public static let loss = Requirements(rawValue: 2)
  /// A random key of the step.
  public static let randomness = Requirements(rawValue: 4)
  /// Products of the loss's Hessian at that point with vectors, each of which costs about two gradients.
  public static let curvature = Requirements(rawValue: 8)

  public var description: String {
    let names = [
      (Requirements.parameters, "parameters"), (.loss, "loss"), (.randomness, "randomness"),
      (.curvature, "curvature"),
    ]
    return "[" + names.filter { contains($0.0) }.map(\.1).joined(separator: ", ") + "]"
  }
}
