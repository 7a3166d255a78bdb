import Arrays
import Descending
import Foundation
import Parameters

extension TestFunctionKind {
  /// All test functions that text can name without a registration.
  ///
  /// Formulas, starts and minima as in the surveys of Moré, Garbow and Hillstrom (1981) and of Jamil and Yang (2013, arXiv 1308.4008),
  /// where not said otherwise.
  public static let all: [TestFunctionKind] = [
    .list(
      "sphere", "convex, round: the sum of squares", "sum(x^2)", from: -5, to: 5, least: 1, at: { _ in 0 }),
    .ellipsoid,
    .list(
      "worstcase", "convex: Nesterov's quadratic on which no method that follows gradients is fast (2004, 2.1.2)",
      "(x[0]^2 + sum((x[:-1] - x[1:])^2) + x[-1]^2) / 2 - x[0]", from: -1, to: 1, size: 100,
      minimum: { -Double($0) / (2 * Double($0 + 1)) }, position: { 1 - Double($0) / Double($1 + 1) }),
    .list("absolute", "convex, with kinks: the sum of sizes", "sum(abs(x))", from: -5, to: 5, least: 1, at: { _ in 0 }),
    .list(
      "zakharov", "convex, the steeper the further out", "sum(x^2) + sum(i*x/2)^2 + sum(i*x/2)^4", from: -5, to: 10,
      least: 1, at: { _ in 0 }),
    .fixed(
      "powell", "convex, of no curvature in two directions at the minimum: Powell's singular function, 4 numbers",
      "(x[0] + 10*x[1])^2 + 5*(x[2] - x[3])^2 + (x[1] - 2*x[2])^4 + 10*(x[0] - x[3])^4", "x={-4...5}*4",
      at: [0, 0, 0, 0]),
    .list(
      "rosenbrock", "a narrow, curved valley; from 4 numbers on a second minimum at the other side",
      "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)", from: -2.048, to: 2.048, at: { _ in 1 }),
    .list(
      "dixonprice", "a valley of unlike curvatures", "(x[0] - 1)^2 + sum(i[1:]*(2*x[1:]^2 - x[:-1])^2)", from: -10,
      to: 10, at: { pow(2, pow(2, 1 - Double($0)) - 1) }),
    .fixed(
      "beale", "flat far out, with sharp ridges, 2 numbers",
      "(1.5 - x[0] + x[0]*x[1])^2 + (2.25 - x[0] + x[0]*x[1]^2)^2 + (2.625 - x[0] + x[0]*x[1]^3)^2",
      "x={-4.5...4.5}*2", at: [3, 0.5]),
    .fixed(
      "himmelblau", "four minima of one depth, 2 numbers", "(x[0]^2 + x[1] - 11)^2 + (x[0] + x[1]^2 - 7)^2",
      "x={-5...5}*2", at: [3, 2]),
    .list(
      "ackley", "many minima in a funnel that is nearly flat outside",
      "20 + e - 20*exp(-0.2*sqrt(mean(x^2))) - exp(mean(cos(2*pi*x)))", from: -32.768, to: 32.768, least: 1,
      at: { _ in 0 }),
    .list(
      "rastrigin", "many minima in a bowl: a wave on each square", "sum(x^2 + 10 - 10*cos(2*pi*x))", from: -5.12,
      to: 5.12, least: 1, at: { _ in 0 }),
    .list(
      "levy", "many minima along a valley",
      "sin(pi*(x[0] + 3)/4)^2 + sum(((x[:-1] - 1)/4)^2*(1 + 10*sin(pi*(x[:-1] + 3)/4 + 1)^2)) "
        + "+ ((x[-1] - 1)/4)^2*(1 + sin(pi*(x[-1] + 3)/2)^2)", from: -10, to: 10, at: { _ in 1 }),
    .list(
      "styblinskitang", "two minima of each number, one a little lower", "sum(x^4 - 16*x^2 + 5*x)/2", from: -5, to: 5,
      least: 1, minimum: { -39.166165703771415 * Double($0) }, position: { _, _ in -2.9035340277711771 }),
  ]

  private static let size = "numbers that it has"

  /// Of a list of any length.
  ///
  /// - Parameters:
  ///   - least: the shortest that it can be.
  ///   - position: of the minimum, by the number's place from 1 and the length.
  private static func list(
    _ name: String, _ summary: String, _ formula: String, from low: Double, to high: Double, least: Int = 2,
    size: Int = 10, minimum: @escaping @Sendable (Int) -> Double,
    position: @escaping @Sendable (_ place: Int, _ count: Int) -> Double
  ) -> TestFunctionKind {
    TestFunctionKind(name: name, summary: summary, options: [.init("size", "\(size)", Self.size)]) { values in
      let count = try Self.count(values, least)
      return try TestFunction(
        "\(name)-\(count)", description: "\(name) size=\(count)", try Formula(formula),
        in: try StartBox("x={\(PlainNumber.text(low))...\(PlainNumber.text(high))}*\(count)"), minimum: minimum(count),
        at: ["x": NDArray((1...count).map { position($0, count) })])
    }
  }

  /// The same where the minimum is 0.
  private static func list(
    _ name: String, _ summary: String, _ formula: String, from low: Double, to high: Double, least: Int = 2,
    at position: @escaping @Sendable (_ place: Int) -> Double
  ) -> TestFunctionKind {
    list(
      name, summary, formula, from: low, to: high, least: least, minimum: { _ in 0 },
      position: { place, _ in position(place) })
  }

  private static func count(_ values: OptionValues, _ least: Int) throws -> Int {
    let count = try values.count("size", atMost: 10_000)
    guard count >= least else { throw DescentError("size must be at least \(least), not \(count)") }
    return count
  }

  /// Of a length of its own.
  private static func fixed(
    _ name: String, _ summary: String, _ formula: String, _ box: String, at minimizer: [Double]
  ) -> TestFunctionKind {
    TestFunctionKind(name: name, summary: summary) { _ in
      try TestFunction(
        name, description: name, try Formula(formula), in: try StartBox(box), minimum: 0, at: ["x": NDArray(minimizer)])
    }
  }

  private static let ellipsoid = TestFunctionKind(
    name: "ellipsoid", summary: "convex, a million times as steep in one direction as in another (COCO)",
    options: [
      .init("size", "10", Self.size), .init("condition", "1e6", "the largest curvature over the least, 1 to 1e12"),
    ]
  ) { values in
    let (count, condition) = (try Self.count(values, 2), try values.number("condition", "1 to 1e12") { 1...1e12 ~= $0 })
    let text = PlainNumber.text(condition)
    return try TestFunction(
      "ellipsoid-\(count)" + (condition == 1e6 ? "" : "-condition\(text)"),
      description: "ellipsoid size=\(count) condition=\(text)", try Formula("sum(\(text)^((i - 1)/(n - 1))*x^2)"),
      in: try StartBox("x={-5...5}*\(count)"), minimum: 0,
      at: ["x": NDArray([Double](repeating: 0, count: count))])
  }
}
