import Descending
import Foundation

/// A method of the comparison: plain SGD or Adam, or one of them on a power of the loss.
package struct LossArm: Hashable, Sendable, CustomStringConvertible {
  package enum Base: String, CaseIterable, Sendable { case sgd, adam }
  package enum Form: String, CaseIterable, Sendable { case constant, piecewise, smooth }

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

  package init(rate: Double, exponent: LossExponent? = nil) {
    self.rate = rate
    self.exponent = exponent
  }

  package var description: String {
    String(format: "rate %.4g", rate) + (exponent.map { ", n \($0)" } ?? "")
  }

  package var transformation: LossTransformation? { exponent.map { LossTransformation($0) } }

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

/// The search of an arm on a problem: rates over a range, each with one of the exponents in turn, then rates around the
/// best. Every transformed arm takes the same number of trials, a plain one as many as all transformed ones of its base
/// together: claims are about the best of those.
package struct LossSearch: Sendable {
  let configuration: LossTransformationConfiguration
  let rates: ClosedRange<Double>
  let arm: LossArm

  package init(_ configuration: LossTransformationConfiguration, _ problem: String, _ arm: LossArm) {
    self.configuration = configuration
    self.arm = arm
    let p = configuration[problem]
    let ends = arm.base == .sgd ? p.sgdRates : p.adamRates
    rates = ends[0]...ends[1]
  }

  private var exponents: [LossExponent] {
    let s = configuration.search
    switch arm.form {
    case nil: return []
    case .constant: return s.constants.map { .constant($0) }
    case .piecewise: return s.pairs.map { .piecewise(above: $0[0], below: $0[1]) }
    case .smooth: return s.pairs.map { .sigmoid(from: $0[1], to: $0[0], slope: s.slope, centre: s.centre) }
    }
  }

  /// How many arms' trials this one takes.
  private var share: Int { arm.isPlain ? LossArm.all.count { $0.base == arm.base && !$0.isPlain } : 1 }
  package var coarseCount: Int { share * configuration.search.coarse }
  package var fineCount: Int { share * configuration.search.fine }

  /// Distance of neighbouring rates, a factor.
  private var spacing: Double {
    coarseCount < 2 ? 2 : pow(rates.upperBound / rates.lowerBound, 1 / Double(coarseCount - 1))
  }

  package var coarse: [LossTrial] {
    let exponents = exponents
    return (0..<coarseCount).map { index in
      LossTrial(
        rate: rates.lowerBound * pow(spacing, Double(index)),
        exponent: exponents.isEmpty ? nil : exponents[index % exponents.count])
    }
  }

  /// Rates between the best and its neighbours: half, quarter... of the spacing to each side in turn.
  package func fine(around best: LossTrial) -> [LossTrial] {
    (0..<fineCount).map { index in
      let distance = 0.5 / Double(1 + index / 2)
      return LossTrial(
        rate: best.rate * pow(spacing, index % 2 == 0 ? distance : -distance), exponent: best.exponent)
    }
  }
}
