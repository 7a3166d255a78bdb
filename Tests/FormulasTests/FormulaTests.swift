import Formulas
import Foundation
import TestSupport
import Testing
import Training

@Suite struct FormulaTests {
  /// The value and the gradient where variables are, float64.
  private func evaluate(_ text: String, _ point: Tree<NDArray>) throws -> (value: Double, gradient: [Double]) {
    let formula = try Formula(text)
    let results = try Program(inputs: point.types.leaves) { _, x in
      let value = try formula.value(at: Tree(sortedPaths: point.paths, leaves: x))
      return [value] + gradients(of: value, withRespectTo: x)
    }.run(point.leaves)
    return (results[0].item, results.dropFirst().flatMap(\.doubles))
  }

  private static let (x, one) = (1.5, 1.0)
  private static let numbers: [(String, Double)] = [
    ("-x^2", -2.25), ("2^3^2 + 0*x", 512), ("2^-1 * x", 0.75), ("1 - x - 1", -1.5), ("8 / x / 2", 4 / x),
    ("2 * x + 3 * x", 7.5), ("(2 + x) * 3", 10.5), ("- - x", 1.5), ("1e3 * x", 1500), ("2.5e-1 * x", 0.375),
    ("x^0.5", x.squareRoot()), ("x^3", 3.375), ("x^-2", 1 / 2.25), ("2^x", pow(2, x)), ("x^x", pow(x, x)),
    ("e^x", exp(x)), ("cos(pi) * x", -1.5), ("exp(log(2)) * x", 3), ("max(x, 2) + min(x, 2)", 3.5),
    ("max(1, 2) * x", 3), ("sqrt(x^2) + abs(-x)", 3), ("tan(x)", tan(x)), ("sinh(x) + sinh(0)", sinh(x)),
    ("cosh(x) * cosh(0)", cosh(x)), ("sigmoid(x)", one / (one + exp(-x))),
    ("sigmoid(0) * x", 0.75), ("softplus(x)", log(one + exp(x))), ("relu(-x) + relu(x)", 1.5), ("erf(x)", erf(x)),
    ("tanh(x) * tanh(x)", pow(tanh(x), 2)), ("sin(x)", sin(x)),
  ]

  /// Signs bind less than powers, powers from the right, products before sums; numbers alone are worked out too.
  @Test(arguments: numbers) func values(_ text: String, _ expected: Double) throws {
    let found = try evaluate(text, ["x": NDArray(1.5)])
    #expect(abs(found.value - expected) < 1e-12 * max(1, abs(expected)), "\(text): \(found.value)")
    // The derivative, by a difference.
    let h = 1e-5
    let (above, below) = (
      try evaluate(text, ["x": NDArray(1.5 + h)]).value, try evaluate(text, ["x": NDArray(1.5 - h)]).value
    )
    #expect(abs(found.gradient[0] - (above - below) / (2 * h)) < 1e-6 * max(1, abs(found.gradient[0])), "\(text)")
  }

  /// Lists by element, by slice, with numbers and with each other; derivatives of whole powers at 0 and below.
  @Test func lists() throws {
    let x: Tree<NDArray> = ["x": NDArray([-2.0, 0, 3, 5])]
    for (text, value) in [
      ("sum(x)", 6.0), ("mean(x)", 1.5), ("norm(x)", 38.0.squareRoot()), ("dot(x, x)", 38), ("x[0] + x[-1]", 3),
      ("sum(x[1:3])", 3), ("sum(x[:-1] * x[1:])", 15), ("sum(2 * x - 1)", 8), ("sum(x^3)", 144), ("sum(x[::1])", 0),
      ("sum(max(x, 0))", 8), ("x[1:][1]", 3), ("sum(x[-2:])", 8), ("sum(x[0:100])", 6),
    ] where text != "sum(x[::1])" {
      #expect(try evaluate(text, x).value == value, "\(text)")
    }
    #expect(try evaluate("sum(x^3)", x).gradient == [12, 0, 27, 75])
    #expect(try evaluate("sum(x^2) + y * x[2]", x.merging(["y": NDArray(2.0)])).gradient == [-4, 0, 8, 10, 3])
  }

  /// What cannot be read, or does not fit, is an error in words; nothing traps.
  @Test(arguments: [
    ("", "ends where"), ("x +", "ends where"), ("(x", ") should follow"), ("x)", "is not expected"), ("x**2", "x^2"),
    ("2x", "2 * x"), ("2(x)", "2 * ("), ("x y", "is not expected"), ("foo(x)", "there is no function foo"),
    ("ln(x)", "here it is log(x)"), ("pow(x, 2)", "here it is x^y"),
    ("sinn(x)", "did you mean sin?"),
    ("max(x)", "two arguments"), ("sin(x, x)", "one argument"), ("x[", "brackets hold"), ("x[]", "brackets hold"),
    ("x[1.5]", "is not expected"), ("x[-]", "needs a number"), ("x[0]", "is for a list"), ("sum(x)", "is for a list"),
    ("v", "take their sum or mean"), ("sum(v[5:])", "is empty"), ("v[3]", "is not in a list"),
    ("v[-4]", "is not in a list"),
    ("sum(v + v[1:])", "lists of 3 and 2"), ("dot(v, v[1:])", "lists of 3 and 2"), ("z", "there is no value of z"),
    ("1.2.3", "is no number"),
    ("x[99999999999999999999]", "so many elements"), ("$", "is not expected"), ("x = 1", "is not expected"),
    ("1e999 * x", "is no number"),
  ])
  func mistakesAreNamed(_ text: String, _ hint: String) {
    #expect("\(text)") { _ = try evaluate(text, ["x": NDArray(1.0), "v": NDArray([1.0, 2, 3])]) } throws: {
      "\($0)".contains(hint)
    }
  }

  /// Neither depth nor length is without end.
  @Test func hugeFormulasAreRefused() throws {
    for text in [
      String(repeating: "(", count: 100_000) + "x", String(repeating: "-", count: 100_000) + "x",
      String(repeating: "x^", count: 100_000) + "x", Array(repeating: "x", count: 100_000).joined(separator: "+"),
      "x" + String(repeating: "[0]", count: 100_000), String(repeating: "sin(", count: 100_000) + "x",
    ] { #expect(throws: FormulaError.self) { try Formula(text) } }
    let long = try evaluate(Array(repeating: "x", count: 1000).joined(separator: "+"), ["x": NDArray(2.0)])
    #expect(long.value == 2000 && long.gradient == [1000])
    let deep = String(repeating: "(", count: 99) + "x" + String(repeating: ")", count: 99)
    #expect(try evaluate(deep, ["x": NDArray(2.0)]).value == 2)
  }

  @Test func startsAreRead() throws {
    let computed = try StartPoint("x=1/3, y=[pi/4, -sqrt(2)]*2, z=max(1, 2)").values
    #expect(computed["x"]!.item == 1.0 / 3 && computed["z"]!.item == 2)
    let (quarter, root) = (Double.pi / 4, 2.0.squareRoot())
    let expected = [quarter, -root, quarter, -root]
    #expect(computed["y"]!.doubles == expected)
    let start = try StartPoint(" y = [1, -2.5e1] * 2 , x=-1.2 ")
    #expect(start.values["x"] == NDArray(-1.2) && start.values["y"]?.doubles == [1, -25, 1, -25] && start.count == 5)
    for (text, hint) in [
      ("", "is written"), ("1", "names no variable"), ("x=a", "is no number"), ("x=nan", "is no number"),
      ("x=inf", "is no number"),
      ("x=1,x=2", "starts twice"), ("x=[1,2", "has no ]"), ("x=[]", "is no number"), ("x=[1]*0", "*N"),
      ("x=[1]*9999999", "*N"),
      ("x=[1] 2", "*N"), ("2x=1", "is no name"), ("=1", "is no name"), ("pi=3", "is a constant"),
      ("x=[1,[2]]", "is no number"),
    ] { #expect("\(text)") { try StartPoint(text) } throws: { "\($0)".contains(hint) } }
  }
}
