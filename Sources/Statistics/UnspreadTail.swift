import Foundation

/// The one-sided p-value of `pairs` differences that are all the same and not 0: 2^-n, by exact sign flips.
///
/// A t-test of values without spread would divide by 0, and the value alone proves little: where measures are discrete, equal
/// values are likely by chance. If there were no effect, each sign would be as likely as the other; of the 2^n equally likely
/// sets of signs only one has a mean as far on this side (Fisher 1935, The Design of Experiments, section 21; Pitman 1937).
/// It assumes nothing of the distribution but this symmetry, so three values never decide at 0.05, and six do on two sides.
public func unspreadTail(pairs: Int) -> Double { pow(2, -Double(pairs)) }

/// The one-sided p-value of two independent groups that have one value each: 1 / C(n + m, n), by exact permutations.
///
/// Of all ways to deal the values out to the groups only one has means as far apart in this direction (Pitman 1937).
public func unspreadTail(groups first: Int, _ second: Int) -> Double {
  // C(n + m, n) as a product of (m + i) / i.
  (0..<first).reduce(1) { $0 * Double($1 + 1) / Double(second + $1 + 1) }
}
