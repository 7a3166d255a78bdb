import Descent

/// Tukey's biweight: (c² / 6) (1 - (1 - (d / c)²)³) for differences d up to c, and c² / 6 beyond, so that an outlier pulls no more
/// the farther it lies.
///
/// Beaton and Tukey, "The fitting of power series, meaning polynomials, illustrated on band-spectroscopic data", 1974.
let biweight = LossKind(
  name: "biweight", summary: "of numbers: half the squares of small differences; beyond c all count the same",
  options: [.init("c", "4.685", "where it becomes flat, in deviations of the target; 0.01 to 1000")]
) { values in
  let c = try values.number("c", "0.01 to 1000") { 0.01...1000 ~= $0 }
  return LossFunction("biweight") { output, target in
    // 1 - (1 - u)³ = u (3 - 3 u + u²), without the difference of numbers that are nearly equal.
    let u = min((output - target).squared * (1 / (c * c)), 1)
    return (c * c / 6) * (u * (3 - 3 * u + u.squared)).mean([1])
  }
}
