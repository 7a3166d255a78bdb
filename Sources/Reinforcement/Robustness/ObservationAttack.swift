import Compilation
import Models

/// Makes a policy see states that are a little wrong: within ±ε of the true ones, in every number.
///
/// The objective is the value, under a critic, of what the policy does when it sees s + δ while the truth is s; it is made
/// small. The critic is the policy's own, or an independent one: an attack through the own critic may be blind where the
/// critic was trained on attacked states (masked gradients).
public final class ObservationAttack {
  /// How δ is found.
  public enum Kind: Hashable, Sendable {
    /// Uniform in the ball.
    case random
    /// One signed step from the truth to the ball's faces.
    case fastGradientSign
    /// Signed steps of `rate` ε from a random start.
    case projectedGradient(steps: Int, rate: Double)

    /// Ten steps of ε / 4.
    public static let standard = Kind.projectedGradient(steps: 10, rate: 0.25)
  }

  /// How δ is found.
  public let kind: Kind
  /// ε, in units of observations; 0 leaves states as they are.
  public let strength: Double
  private let victim: NetworkPolicy
  private let critic: Tree<NDArray>
  private let criticHidden: [Int]
  private var programs: [Int: Program] = [:]

  /// - Parameter critic: whose critic is used; the victim's own when nil.
  /// - Throws: `ControlError` where ε is negative or the critic values other states.
  public init(_ kind: Kind, strength: Double, on victim: NetworkPolicy, through critic: NetworkPolicy? = nil) throws {
    guard strength >= 0, strength.isFinite else { throw ControlError("an attack's strength is no \(strength)") }
    if case .projectedGradient(let steps, let rate) = kind, steps < 1 || rate <= 0 {
      throw ControlError("a projected gradient takes at least one step of a positive rate")
    }
    guard (critic ?? victim).task == victim.task else {
      throw ControlError("the critic values other states or actions")
    }
    self.kind = kind
    self.strength = strength
    self.victim = victim
    self.critic = (critic ?? victim).critic
    criticHidden = (critic ?? victim).hidden
  }

  /// The states as the policy sees them: `[rows, width]`.
  ///
  /// - Throws: `ShapeError` where states do not fit the policy.
  public func perturbed(_ states: NDArray, key: RandomKey) throws -> NDArray {
    guard strength > 0 else { return states }
    let rows = states.shape[0]
    let program = try programs[rows] ?? compile(rows)
    programs[rows] = program
    return try program.run(victim.actor.leaves + critic.leaves + [states, NDArray(Float(strength)), key.array])[0]
  }

  private func compile(_ rows: Int) throws -> Program {
    let (actorPaths, criticPaths, task, hidden, kind) = (
      victim.actor.paths, critic.paths, victim.task, criticHidden, kind
    )
    let act = victim.act
    return try Program(
      inputs: (victim.actor.leaves + critic.leaves).map { TensorType(of: $0) } + [
        TensorType([rows, task.observationCount]), TensorType(.scalar), TensorType([2], .int32),
      ]
    ) { _, x in
      let (a, n) = (actorPaths.count, actorPaths.count + criticPaths.count)
      let actor = Parameters(Tree(sortedPaths: actorPaths, leaves: Array(x[..<a])))
      let critic = Parameters(Tree(sortedPaths: criticPaths, leaves: Array(x[a..<n])))
      let (s, epsilon) = (x[n], x[n + 1])
      let random = ProjectedGradient.randomStart(s.shape, epsilon: epsilon, key: x[n + 2])
      func worst(from start: Tensor, steps: Int, rate: Double) throws -> Tensor {
        try ProjectedGradient.minimize(from: start, epsilon: epsilon, steps: steps, rate: rate) {
          try task.critic(hidden).value(s, try act(actor, s + $0), critic)
        }
      }
      switch kind {
      case .random: return [s + random]
      case .fastGradientSign: return [s + (try worst(from: s.filled(with: 0), steps: 1, rate: 1))]
      case .projectedGradient(let steps, let rate): return [s + (try worst(from: random, steps: steps, rate: rate))]
      }
    }
  }
}
