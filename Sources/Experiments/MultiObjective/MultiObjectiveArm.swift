import MultiObjective

/// A problem at one size.
package struct MultiObjectiveArena: Hashable, Sendable, CustomStringConvertible {
  package var problem: String
  package var samples: Int

  package init(problem: String, samples: Int) {
    self.problem = problem
    self.samples = samples
  }

  /// Synthetic problems are descended until a level, and samples until then are compared; on others all methods take
  /// the same samples, and the end is compared.
  package static func countsSamples(_ problem: String) -> Bool { ["quadratic", "logistic"].contains(problem) }
  package var countsSamples: Bool { Self.countsSamples(problem) }

  package var description: String { "\(problem) n \(samples)" }
}

/// A method of the comparison; STIMULUS with momentum once for each coefficient, MoCo for each pair of its own.
package struct MultiObjectiveArm: Hashable, Sendable, CustomStringConvertible {
  package var method: MultiObjectiveMethod
  /// α, 0 without momentum.
  package var momentum: Double
  /// β and γ of MoCo, none for other methods.
  package var coefficients: [Double]

  package init(_ method: MultiObjectiveMethod, momentum: Double = 0, coefficients: [Double] = []) {
    self.method = method
    self.momentum = momentum
    self.coefficients = coefficients
  }

  package var description: String {
    if let share = coefficients.first, let rate = coefficients.last { return "\(method.rawValue) β \(share) γ \(rate)" }
    return method.hasMomentum ? "\(method.rawValue) \(momentum)" : method.rawValue
  }
}

extension MultiObjectiveConfiguration {
  package var arenas: [MultiObjectiveArena] {
    problems.flatMap { problem in self[problem].samples.map { MultiObjectiveArena(problem: problem, samples: $0) } }
  }

  /// The largest size of a problem, where methods are compared.
  package func largest(_ problem: String) -> MultiObjectiveArena {
    MultiObjectiveArena(problem: problem, samples: self[problem].samples.last!)
  }

  package func arm(_ method: MultiObjectiveMethod) -> MultiObjectiveArm { variants(method)[0] }

  /// A method with all the coefficients among which its best are chosen.
  package func variants(_ method: MultiObjectiveMethod) -> [MultiObjectiveArm] {
    if method == .moco { return moco.map { MultiObjectiveArm(method, coefficients: $0) } }
    return [MultiObjectiveArm(method, momentum: method.hasMomentum ? momentum.coefficient : 0)]
  }

  /// STIMULUS without and with momentum, by rising coefficient.
  package var ablation: [MultiObjectiveArm] {
    [MultiObjectiveArm(.stimulus)]
      + (momentum.others + [momentum.coefficient]).sorted().map { MultiObjectiveArm(.stimulusM, momentum: $0) }
  }

  package func hasAblation(_ arena: MultiObjectiveArena) -> Bool {
    momentum.problems.contains(arena.problem) && arena == largest(arena.problem)
  }

  /// All methods at the largest size; at smaller ones those whose samples are counted over n.
  package func arms(_ arena: MultiObjectiveArena) -> [MultiObjectiveArm] {
    let names = arena.problem == "multi-mnist" ? methods.filter(networks.pictureMethods.contains) : methods
    var all = names.compactMap(MultiObjectiveMethod.init(rawValue:)).flatMap(variants)
    if arena != largest(arena.problem) { all = all.filter { counted(arena.problem).contains($0.method) } }
    if hasAblation(arena) { all += ablation.filter { !all.contains($0) } }
    return all
  }

  /// Methods whose samples are counted over n and ε.
  static let counted: [MultiObjectiveMethod] = [
    .mgd, .smgd, .stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus, .scalarizationSpider,
  ]

  /// Those at smaller sizes; on the quadratic SMGD stands still before its second level.
  private func counted(_ problem: String) -> [MultiObjectiveMethod] {
    problem == "quadratic" ? Self.counted.filter { $0 != .smgd } : Self.counted
  }
}
