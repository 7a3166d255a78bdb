import Arrays

/// How far rounding may take a computed number from the true one: epsilon x roundings x condition x size.
///
/// A rounding moves a number by half an epsilon at most; the other half is for what it is compared with.
/// - Parameters:
///   - terms: roundings on the way to the number, one after the other; `drift` of them where they are many.
///   - condition: how many times the relative error of what goes in appears in what comes out.
///   - scale: the largest number on the way.
public func rounding(
  _ type: ElementType = .float64, terms: Double, condition: Double = 1, scale: Double = 1
) -> Double {
  (type == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)) * terms * condition * scale
}

/// In how many roundings' worth many end: they go up as often as down, so n of them, of half an epsilon at most, end within
/// four deviations of a random walk, 2 √n epsilons (Higham and Mary, SIAM J. Sci. Comput. 41, 2019).
public func drift(of roundings: Int) -> Double { 2 * Double(roundings).squareRoot() }

extension GradientCheck {
  /// What central differences are off by, relative to 1 + |slope|: step² / 6 of a third derivative, and the values' rounding
  /// over the step.
  ///
  /// - Parameter size: of values and third derivatives, relative to 1 + |slope|. In the functions under test derivatives of
  ///   each order are up to ten times those before; values take some hundred roundings.
  public static func tolerance(order: Int = 1, step: Double = 1e-5, size: Double? = nil) -> Double {
    let size = size ?? [10, 100, 1000][order - 1]
    return step * step / 6 * 10 * size + rounding(terms: 100, scale: size) / step
  }
}
