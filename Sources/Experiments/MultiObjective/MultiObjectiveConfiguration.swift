import Foundation
import MultiObjective
import Training

/// Descents for several objectives, each method at its best rate of one grid, compared by samples.
public struct MultiObjectiveConfiguration: SeededConfiguration {
  /// One kind of problem: its sizes, how long it is descended, and where rates are searched.
  public struct Problem: Codable, Sendable, Equatable {
    /// Sizes n of the training set, rising.
    public var samples: [Int]
    /// Samples that a descent may look at, in units of n.
    public var epochs: Double
    /// Steps that a descent may make.
    public var steps: Int
    /// Lowest and highest rate of the search.
    public var rates: [Double]
    /// Rates of the search, each a fixed factor above the one before.
    public var rateCount: Int
    /// True stationarities whose first passing is counted in samples, falling.
    public var levels: [Double]
  }

  /// The quadratic and the logistic problem.
  public struct Synthetic: Codable, Sendable, Equatable {
    /// Parameters of the quadratic and the logistic problem.
    public var dimension: Int
    /// Objectives S of both problems.
    public var objectives: Int
    /// L / μ of the quadratic.
    public var condition: Double
    /// Features of the logistic problem have the variances k^-decay.
    public var decay: Double
    /// Factor of Σ x² / (1 + x²).
    public var regularization: Double
    /// Batch of the methods without recursive gradients, whatever n.
    public var batch: Int
  }

  /// The problems that are learned by networks.
  public struct Networks: Codable, Sendable, Equatable {
    /// Hidden units for River Flow.
    public var width: Int
    /// Test examples of MultiMNIST.
    public var test: Int
    /// Those of the methods that descend MultiMNIST.
    public var pictureMethods: [String]
  }

  /// STIMULUS with momentum, and its ablation.
  public struct Momentum: Codable, Sendable, Equatable {
    /// α of STIMULUS-M and -M+.
    public var coefficient: Double
    /// Further α of STIMULUS-M for the ablation.
    public var others: [Double]
    /// Problems with the ablation, at their largest size.
    public var problems: [String]
  }

  /// Rates at which growth in n is asked for: the same at every size, and low enough for √n/ε to outweigh n; 0 for each
  /// size's best.
  public struct GrowthRates: Codable, Sendable, Equatable {
    /// On the quadratic: the next in its grid.
    public var quadratic: Double
    /// On the logistic problem, where the theorem wants it to be at most 1 / (2 L): the next in its grid.
    public var logistic: Double

    /// As in runs from before there were such settings.
    static let best = GrowthRates(quadratic: 0, logistic: 0)
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Exponents this near count as equal.
    public var exponentMargin: Double
    /// The least T(ε)/√n at which √n/ε is taken to outweigh n.
    public var stepRatio: Double
  }

  /// Any of quadratic, logistic, river-flow-1, multi-mnist.
  public var problems: [String]
  /// Names of `MultiObjectiveMethod`, those that are compared.
  public var methods: [String]
  /// Linear regressions on common features, strongly convex.
  public var quadratic: Problem
  /// Logistic losses of different labels on common features, with a term that is not convex.
  public var logistic: Problem
  /// Eight river flows by one network (the data set River Flow 1).
  public var riverFlow: Problem
  /// Two digits in one picture by the network of Sener and Koltun (2018).
  public var multiMNIST: Problem
  /// What makes the synthetic problems.
  public var synthetic: Synthetic
  /// What makes the problems of networks.
  public var networks: Networks
  /// Coefficients of momentum.
  public var momentum: Momentum
  /// Pairs [β, γ] of MoCo's coefficients, of which its best are chosen.
  public var moco: [[Double]]
  /// Rates at which growth in n is asked for.
  public var growth: GrowthRates
  public var seeds: TunedSeeds
  public var decision: Decisions

  /// Grids that hold each method's best rate inside.
  static let quick = MultiObjectiveConfiguration(
    problems: ["quadratic", "logistic", "river-flow-1"], methods: MultiObjectiveMethod.allCases.map(\.rawValue),
    quadratic: Problem(
      samples: [256, 1024, 4096, 16_384], epochs: 1000, steps: 50_000, rates: [0.0125, 3.2], rateCount: 9,
      levels: [1e-1, 1e-4, 1e-8]),
    logistic: Problem(
      samples: [32, 128, 512, 2048], epochs: 1500, steps: 10_000, rates: [0.125, 64], rateCount: 10,
      levels: [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5]),
    riverFlow: Problem(
      samples: [600], epochs: 40, steps: 4000, rates: [0.0003, 0.3], rateCount: 7, levels: [1e-2, 1e-3]),
    multiMNIST: Problem(
      samples: [5000], epochs: 20, steps: 4000, rates: [0.01, 0.3], rateCount: 4, levels: [1e-1, 1e-2]),
    synthetic: Synthetic(
      dimension: 20, objectives: 3, condition: 120, decay: 2, regularization: 0.01, batch: 16),
    networks: Networks(
      width: 16, test: 1000,
      pictureMethods: ["MGD", "SMGD", "MoCo", "scalarisation-SPIDER", "STIMULUS", "STIMULUS-M", "STIMULUS+"]),
    momentum: Momentum(coefficient: 0.6, others: [0.3, 0.9], problems: ["quadratic", "logistic", "river-flow-1"]),
    moco: [[0.5, 0.1], [0.1, 0.1], [0.5, 1], [0.1, 1]], growth: GrowthRates(quadratic: 0.4, logistic: 0.5),
    seeds: TunedSeeds(count: 10, first: 0, tuningCount: 2, tuningFirst: 1000),
    decision: Decisions(alpha: 0.05, exponentMargin: 0.15, stepRatio: 10))

  static var smoke: MultiObjectiveConfiguration {
    var c = quick
    c.problems = ["quadratic", "logistic"]
    c.methods = ["MGD", "SMGD", "scalarisation-SPIDER", "STIMULUS", "STIMULUS-M", "STIMULUS+"]
    c.quadratic = Problem(
      samples: [32, 64, 128], epochs: 200, steps: 1000, rates: [0.1, 0.4], rateCount: 3, levels: [1, 1e-6])
    c.logistic = Problem(
      samples: [16, 32, 64], epochs: 100, steps: 500, rates: [0.5, 2], rateCount: 3, levels: [3e-2, 2e-2, 1e-2])
    (c.synthetic.dimension, c.synthetic.condition) = (6, 30)
    c.momentum.problems = ["quadratic"]
    c.growth = GrowthRates(quadratic: 0.2, logistic: 1)
    c.seeds = TunedSeeds(count: 3, first: 0, tuningCount: 1, tuningFirst: 1000)
    return c
  }

  /// Slower features, so that √n/ε outweighs n; all rows of River Flow; MultiMNIST of 5,000 pictures.
  static var standard: MultiObjectiveConfiguration {
    var c = quick
    c.problems = problemNames
    c.synthetic.decay = 4
    c.logistic.epochs = 20_000
    c.logistic.steps = 100_000
    c.logistic.rates = [0.0625, 256]
    c.logistic.rateCount = 7
    c.growth.logistic = 1
    c.logistic.levels = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    c.riverFlow.samples = [7204]
    return c
  }

  /// All rows of River Flow, 60,000 pictures, wider ranges of n and of ε.
  static var paper: MultiObjectiveConfiguration {
    var c = standard
    c.quadratic = Problem(
      samples: [10_000], epochs: 1000, steps: 100_000, rates: [0.01, 2], rateCount: 12,
      levels: [1e-1, 1e-2, 1e-4, 1e-8])
    c.logistic = Problem(
      samples: [32, 128, 512, 2048, 8192, 32_768], epochs: 10_000, steps: 400_000, rates: [0.01, 16], rateCount: 12,
      levels: [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5])
    c.riverFlow = Problem(
      samples: [7204], epochs: 200, steps: 100_000, rates: [0.003, 3], rateCount: 10, levels: [1e-2, 1e-3, 1e-4])
    c.multiMNIST = Problem(
      samples: [60_000], epochs: 100, steps: 100_000, rates: [0.003, 1], rateCount: 8, levels: [1e-2, 1e-3, 1e-4])
    c.growth = .best
    c.networks.test = 10_000
    c.networks.pictureMethods = c.methods
    c.momentum.others = [0.3, 0.8, 0.9, 0.95]
    c.momentum.problems = problemNames
    c.seeds = TunedSeeds(count: 20, first: 0, tuningCount: 3, tuningFirst: 1000)
    return c
  }

  static let problemNames = ["quadratic", "logistic", "river-flow-1", "multi-mnist"]

  package subscript(problem: String) -> Problem {
    switch problem {
    case "quadratic": quadratic
    case "logistic": logistic
    case "river-flow-1": riverFlow
    case "multi-mnist": multiMNIST
    default: preconditionFailure("there is no problem \(problem)")
    }
  }

  /// The rate of a problem's grid at which growth in n is asked for; nil for each size's best. Momentum α makes steps
  /// 1/(1-α) times as long, so its rate is lower: the nearest of the grid.
  package func growthRate(_ problem: String, momentum: Double = 0) -> Double? {
    let rate = problem == "quadratic" ? growth.quadratic : problem == "logistic" ? growth.logistic : 0
    guard rate > 0 else { return nil }
    let wanted = rate * (1 - momentum)
    return rates(problem).min { abs(log($0 / wanted)) < abs(log($1 / wanted)) }
  }

  /// The grid of rates, each a fixed factor above the one before.
  package func rates(_ problem: String) -> [Double] {
    let p = self[problem]
    guard p.rateCount > 1 else { return [p.rates[0]] }
    return (0..<p.rateCount).map {
      p.rates[0] * pow(p.rates[1] / p.rates[0], Double($0) / Double(p.rateCount - 1))
    }
  }
}

extension KeyedDecodingContainer {
  func decode(
    _ type: MultiObjectiveConfiguration.GrowthRates.Type, forKey key: Key
  ) throws -> MultiObjectiveConfiguration.GrowthRates { try decodeIfPresent(type, forKey: key) ?? .best }
}
