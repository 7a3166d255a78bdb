import Descending
import Foundation

/// A method of the comparison: plain SGD or Adam, or one of them on a power of the loss.
package struct LossArm: Hashable, Sendable, CustomStringConvertible {
  package enum Base: String, CaseIterable, Sendable { case sgd, adam }
  package enum Form: String, CaseIterable, Sendable {
    case constant, piecewise, smooth
    /// The smooth exponent with its own derivative by the loss.
    case whole
  }

  package var base: Base
  /// None for the plain method.
  package var form: Form?
  /// What the factor acts on.
  package var route: LossScaled.Mode

  package init(_ base: Base, _ form: Form? = nil, through route: LossScaled.Mode = .gradient) {
    self.base = base
    self.form = form
    self.route = route
  }

  package var description: String {
    guard let form else { return base.rawValue }
    return "\(base.rawValue) \(form.rawValue)" + (base == .adam ? " by \(route.rawValue)" : "")
  }

  var isPlain: Bool { form == nil }

  /// With plain gradient descent both routes are one method, so there it stands once.
  package static let all: [LossArm] =
    [LossArm(.sgd)] + Form.allCases.map { LossArm(.sgd, $0) } + [LossArm(.adam)]
    + LossScaled.Mode.allCases.flatMap { route in Form.allCases.map { LossArm(.adam, $0, through: route) } }
}

/// What the search chooses for an arm.
package struct LossTrial: Hashable, Sendable, CustomStringConvertible {
  package var rate: Double
  package var exponent: LossExponent?
  /// Whether an exponent that depends on the loss is a constant for the derivative.
  package var freezesExponent: Bool

  package init(rate: Double, exponent: LossExponent? = nil, freezesExponent: Bool = true) {
    self.rate = rate
    self.exponent = exponent
    self.freezesExponent = freezesExponent
  }

  package var description: String {
    String(format: "rate %.4g", rate) + (exponent.map { ", n \($0)" } ?? "") + (freezesExponent ? "" : " whole")
  }

  package var transformation: LossTransformation? {
    exponent.map { LossTransformation($0, freezesExponent: freezesExponent) }
  }

  /// The method: on transformed losses measured, if so wished, against the plain one at the same rate.
  package func chain(_ arm: LossArm, noise: Double = 0, isMeasured: Bool = true) -> Chain {
    let base: [any GradientTransformation] = arm.base == .adam ? [Adam()] : []
    let plain = base + [LearningRate(rate)]
    let start: [any GradientTransformation] = noise > 0 ? [GradientNoise(noise)] : []
    guard let transformation else { return Chain(start + plain) }
    let scaled = [LossScaled(transformation, through: arm.route)] + plain
    return Chain(start + (isMeasured ? [RelativeStep(Chain(scaled), against: Chain(plain))] : scaled))
  }
}

/// What the search finds lowest or highest: each claim is about descents that were tuned by what it judges.
package enum LossCriterion: String, CaseIterable, Sendable {
  /// The training loss at the end.
  case loss
  /// The updates until the level.
  case speed
  /// The accuracy at the end; on the double well the share of starts that end in the lower well.
  case accuracy

  var measure: Measure {
    switch self {
    case .loss: .finalLoss
    case .speed: .updatesToLevel
    case .accuracy: .finalAccuracy
    }
  }

  /// Those that a problem has.
  static func on(_ problem: String) -> [LossCriterion] { problem == "curve" ? [.loss, .speed] : allCases }
}

/// The search of an arm on a problem: every exponent at every rate of a grid. Every transformed arm takes the same number
/// of trials, a plain one as many as all transformed ones of its base together, on a finer grid: claims are about the best
/// of those.
package struct LossSearch: Sendable {
  let configuration: LossTransformationConfiguration
  let problem: LossTransformationConfiguration.Problem
  let arm: LossArm

  package init(_ configuration: LossTransformationConfiguration, _ problem: String, _ arm: LossArm) {
    self.init(configuration, configuration[problem], arm)
  }

  private init(
    _ configuration: LossTransformationConfiguration, _ problem: LossTransformationConfiguration.Problem,
    _ arm: LossArm
  ) {
    (self.configuration, self.problem, self.arm) = (configuration, problem, arm)
  }

  private var exponents: [LossExponent] {
    let s = configuration.search
    switch arm.form {
    case nil: return []
    case .constant: return s.constants.map { .constant($0) }
    case .piecewise: return s.pairs.map { .piecewise(above: $0[0], below: $0[1]) }
    case .smooth, .whole: return s.pairs.map { .sigmoid(from: $0[1], to: $0[0], slope: s.slope, centre: s.centre) }
    }
  }

  private func grid(_ count: Int) -> [Double] {
    let ends = arm.base == .sgd ? problem.sgdRates : problem.adamRates
    guard count > 1 else { return [ends[0]] }
    let spacing = pow(ends[1] / ends[0], 1 / Double(count - 1))
    return (0..<count).map { ends[0] * pow(spacing, Double($0)) }
  }

  package var trials: [LossTrial] {
    if arm.isPlain {
      let others = LossArm.all.filter { $0.base == arm.base && !$0.isPlain }
      let count = others.reduce(0) { $0 + LossSearch(configuration, problem, $1).trials.count }
      return grid(count).map { LossTrial(rate: $0) }
    }
    return exponents.flatMap { exponent in
      grid(problem.rates).map {
        LossTrial(rate: $0, exponent: exponent, freezesExponent: arm.form != .whole)
      }
    }
  }
}
