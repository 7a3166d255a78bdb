import Compilation
import Models
import TestSupport
import Testing

/// Derivatives of derivatives of every model of the house, in both types, compile and are right: what meta-learning,
/// curvature and penalties on gradients stand on.
@Suite struct HigherOrderTests {
  @Test(arguments: ModelCase.all, DerivedNumber.allCases)
  func agreesWithCentralDifferences(_ test: ModelCase, _ number: DerivedNumber) throws {
    let start = try test.start(.float64)
    let wide = try ModelCase.Derivative(test, number, .float64)
    let (value, gradient) = try wide(start)
    for seed in 20..<23 {
      // The error of a central difference is of the order h^2 by its third derivative and epsilon / h by rounding:
      // with h = 1e-6 on directions of norm 1 both are below 1e-9 of the derivatives here; kinks add nothing, as no
      // unit comes within h of one.
      let step = 1e-6
      var direction = start.mapWithPaths { ModelCase.direction($0, $1.shape, .float64, seed: seed) }
      let norm = direction.leaves.flatMap(\.doubles).reduce(0) { $0 + $1 * $1 }.squareRoot()
      direction = direction.map { NDArray($0.doubles.map { $0 / norm }, shape: $0.shape) }
      func moved(_ h: Double) -> Tree<NDArray> {
        start.zipped(with: direction) { x, d in
          NDArray(zip(x.doubles, d.doubles).map { $0 + h * $1 }, shape: x.shape)
        }
      }
      let numeric = (try wide(moved(step)).value - wide(moved(-step)).value) / (2 * step)
      let analytic = zip(gradient, direction.leaves).map { g, d in
        zip(g.doubles, d.doubles).reduce(0) { $0 + $1.0 * $1.1 }
      }.reduce(0, +)
      #expect(abs(numeric - analytic) < 1e-6 * (1 + abs(value) + abs(analytic)), "\(numeric) \(analytic)")
    }
    // float32 takes other kernels (composites, oneDNN): every element of the gradient against float64's.
    let narrow = try ModelCase.Derivative(test, number, .float32)(try test.start(.float32))
    #expect(narrow.gradient.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
    // Dropout draws other numbers in the other type.
    guard test.name != "dropout" else { return }
    func deviation(_ other: (value: Double, gradient: [NDArray])) -> Double {
      Deviation.worst(
        of: [NDArray([other.value])] + other.gradient.map { $0.converted(to: .float64) },
        from: [NDArray([value])] + gradient)
    }
    // What rounding the parameters alone does to float64's result is the condition of the problem. Some 150 operations
    // in a row, of 18 layers, round as well in each pass, each at worst as much.
    let terms = 150 * Double(number.passes)
    let rounded = start.mapWithPaths { path, x in
      let signs = RandomKey(seed: 8).split(path).uniform(count: x.count).map { $0 < 0.5 ? -1.0 : 1.0 }
      return NDArray(zip(x.doubles, signs).map { $0 * (1 + $1 * 0x1p-24) }, shape: x.shape)
    }
    let condition = deviation(try wide(rounded))
    #expect(deviation(narrow) < rounding(.float32, terms: 100) + terms * condition, "\(deviation(narrow)) \(condition)")
  }
}
