import Descent
import TestSupport
import Testing

/// The function of the example `OwnFunction` (a link into `Examples`), against what is known on paper.
@Suite struct RosenbrockTests {
  @Test func derivativesAreThoseOnPaper() throws {
    let program = try expansion(of: rosenbrock, dimension: 2)
    let minimum = try program.run([NDArray([1.0, 1])])
    #expect(minimum[0].item == 0 && minimum[1].doubles == [0, 0] && minimum[2].shape == [2, 2])
    #expect(minimum[2].doubles == [802, -400, -400, 200])
    // 100 (1 - 4)² + (1 + 2)², and its slopes -400 x (y - x²) - 2 (1 - x) and 200 (y - x²).
    let other = try program.run([NDArray([-2.0, 1])])
    #expect(other[0].item == 909 && other[1].doubles == [-2406, -600])
  }

  @Test(arguments: [
    "momentum 0.9 | rate 0.0001", "adam | rate 0.03", "linesearch trials=16 (momentum 0.9 | rate 0.05)",
  ])
  func methodsGoDown(_ method: String) throws {
    let step = try descent(on: rosenbrock, from: (0..<10).map { $0 % 2 == 0 ? -1.2 : 1 }, by: method)
    let values = try (0...1000).map { _ in try step.advance()[0] }
    // Five pairs (-1.2, 1) and four pairs (1, -1.2).
    #expect(abs(values[0] - (5 * 24.2 + 4 * 484)) < rounding(terms: 40, scale: 2057))
    #expect(values[1000] < 0.005 * values[0])
  }
}
