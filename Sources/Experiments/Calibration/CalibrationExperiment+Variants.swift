import Foundation
import Training

/// Claims about what stands in place of the pair's own base, width or length.
extension CalibrationExperiment {
  private typealias Test = ClaimTest<CalibrationArm>
  private typealias Number = Quantity<CalibrationArm>

  func variantClaims() -> [ClaimTest<CalibrationArm>] {
    let v = configuration.variants
    guard v.seedCount > 0 else { return [] }
    var claims = bases.flatMap {
      pairClaims(CalibrationArm.pair(on: $0), $0.rawValue, "With \($0.rawValue) as the base")
    }
    if v.lengthening > 1 {
      claims += pairClaims(
        CalibrationArm.pair(lengthening: v.lengthening), "longer", "After \(v.lengthening) times as many epochs")
    }
    if v.unrenormalized { claims += renormalisation() }
    if !v.widths.isEmpty { claims.append(width(v)) }
    if v.plainSteps > 0 { claims += plainForm() }
    if v.isTimed { claims.append(overhead()) }
    return claims
  }

  /// The three claims of a pair of arms that stand for the method as a whole.
  private func pairClaims(_ pair: [CalibrationArm], _ id: String, _ place: String) -> [Test] {
    let (plain, projected) = (pair[0], pair[1])
    return [
      Test.same(
        "same-accuracy/\(id)", "\(place) it keeps the accuracy.", .test(.accuracy), of: projected, as: plain,
        within: configuration.decision.accuracyMargin, source: Self.paper),
      .lower(
        "lower-loss/\(id)", "\(place) it lowers the test loss.", .test(.nll), of: projected, than: plain,
        source: Self.paper),
      .higher(
        "higher-entropy/\(id)", "\(place) it raises the entropy of predictions.", .test(.entropy), of: projected,
        than: plain, source: Self.paper),
    ].map { $0.requiring(Self.regime(of: plain, "\(plain)")) }
  }

  private func renormalisation() -> [Test] {
    let rule = configuration.decision
    return [
      Test.same(
        "renormalisation/accuracy", "Without renormalisation accuracy does not differ.", .test(.accuracy),
        of: .unrenormalized, as: .orthogonal, within: rule.accuracyMargin, source: Self.paper),
      .same(
        "renormalisation/loss", "Without renormalisation the test loss does not differ.", .test(.nll),
        of: .unrenormalized, as: .orthogonal, within: rule.lossMargin, source: Self.paper),
    ].map { $0.requiring(Self.regime(of: .sgd, "SGD")) }
  }

  /// What the projection changes in accuracy over the logarithm of the head's width.
  private func width(_ v: CalibrationConfiguration.Variants) -> Test {
    let widths = (v.widths + [configuration.model.width]).sorted()
    let changes = widths.map { width -> Number in
      let pair = width == configuration.model.width ? [.sgd, .orthogonal] : CalibrationArm.pair(width: width)
      return .measure(.test(.accuracy), of: pair[1]) - .measure(.test(.accuracy), of: pair[0])
    }
    return .higher(
      "width-decides", "What the projection does to accuracy rises with the logarithm of the head's width (points).",
      .slope(of: changes, over: widths.map { log(Double($0)) }), than: 0,
      source: "ours: the head hardly grows under the projection")
  }

  private func plainForm() -> [Test] {
    // The theorem is about rates below the inverse of the smoothness, with which no update raises the loss.
    let falls = Condition<CalibrationArm>(
      "share of the plain form's updates that lower the loss", .atLeast(0.99),
      "The rate is small enough for the theorem.",
      .measure(.plainFalling, of: .plain))
    let converged = Condition<CalibrationArm>(
      "least squared projected gradient over the first", .below(0.01),
      "The plain form has come near to where it ends.",
      .measure(.plainFall, of: .plain))
    return [
      .lower(
        "plain-form-converges",
        "The plain form converges: the least squared projected gradient falls faster than 1/T, as a convergent sum has it.",
        .measure(.plainExponent, of: .plain), than: -1, source: Self.paper + "; the exponent is ours"
      ).requiring([falls]),
      .higher(
        "plain-form-ends-radial",
        "It converges to where only scaling lowers the loss: most of the squared gradient lies along the parameters.",
        .measure(.radialShare, of: .plain), than: 0.5, source: Self.paper
      ).requiring([falls, converged]),
    ]
  }

  private func overhead() -> Test {
    .lower(
      "small-overhead",
      "The projection adds less than \(Int(100 * configuration.decision.timeMargin)) % to an update's time.",
      .measure(.timeRatio, of: .orthogonal), than: 1 + configuration.decision.timeMargin,
      source: Self.paper + "; the share is ours")
  }
}
