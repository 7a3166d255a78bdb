import Arrays

/// What a policy does in paired episodes: episode e is a function of the key alone, whoever flies it.
public struct PolicyEvaluation: Sendable {
  /// Sums of rewards without a discount, one an episode.
  public var returns: [Double]
  /// Steps, one an episode.
  public var lengths: [Int]
  /// Sums over each episode, by event.
  public var events: [String: [Double]]
  /// Whether each episode ended by itself.
  public var isTerminated: [Bool]

  /// The mean over episodes; 0 for none.
  public var meanReturn: Double { Self.mean(returns) }
  /// The mean of an event over episodes; nil where the environment counts no such event.
  public func mean(_ event: String) -> Double? { events[event].map(Self.mean) }
  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }

  /// W_1 between the returns of two evaluations: how far an attack moves what comes out, beside what critics say of it.
  public func shiftOfReturns(to other: PolicyEvaluation) -> Double { Wasserstein.distance(returns, other.returns) }

  /// Flies all episodes side by side.
  ///
  /// - Parameters:
  ///   - attack: what stands between the environment and the policy.
  ///   - limit: steps after which an episode that does not end is an error.
  ///   - observe: called before each step with the lanes that still fly, for tracks.
  /// - Throws: `ControlError` where an episode does not end.
  public static func run(
    _ policy: any Policy, in environment: any Environment, episodes: Int, key: RandomKey,
    attack: ObservationAttack? = nil, limit: Int = 10_000,
    observe: ((EnvironmentCopies, [Bool]) -> Void)? = nil
  ) throws -> PolicyEvaluation {
    let copies = try EnvironmentCopies(environment, count: episodes, key: key)
    var results = [EnvironmentCopies.Episode?](repeating: nil, count: episodes)
    var step = 0
    while results.contains(where: { $0 == nil }) {
      guard step < limit else {
        throw ControlError("an episode of \(environment.name) does not end in \(limit) steps: wrap it in a TimeLimit")
      }
      observe?(copies, results.map { $0 == nil })
      let seen = try attack?.perturbed(copies.observations, key: key.split("attack").split(step)) ?? copies.observations
      try copies.step(policy.actions(for: seen))
      for episode in copies.finished where results[episode.lane] == nil { results[episode.lane] = episode }
      step += 1
    }
    let all = results.compactMap { $0 }
    return PolicyEvaluation(
      returns: all.map(\.total), lengths: all.map(\.length),
      events: Dictionary(
        uniqueKeysWithValues: environment.eventNames.enumerated().map { index, name in
          (name, all.map { $0.events[index] })
        }
      ),
      isTerminated: all.map(\.isTerminated))
  }
}

/// How an attack moves a critic's values of what the policy does, on fixed states.
public struct ValueShift: Sendable {
  /// Q(s, π(s)).
  public var clean: [Double]
  /// Q(s + δ, π(s + δ)), or Q(s, π(s + δ)) for a critic that sees the truth.
  public var attacked: [Double]
  /// W_1 of the two.
  public var distance: Double { Wasserstein.distance(clean, attacked) }

  /// Values of both cases on the same states, `[rows, width]`.
  ///
  /// - Parameter criticSeesTruth: whether the critic judges the attacked action in the true state; otherwise it sees
  ///   what the policy sees.
  /// - Throws: `ControlError` or `ShapeError` where states do not fit the policy.
  public init(
    _ policy: NetworkPolicy, on states: NDArray, under attack: ObservationAttack, criticSeesTruth: Bool = false,
    key: RandomKey
  ) throws {
    let seen = try attack.perturbed(states, key: key)
    clean = try policy.values(states, try policy.actions(for: states))
    attacked = try policy.values(criticSeesTruth ? states : seen, try policy.actions(for: seen))
  }
}
