import Formulas
import Testing

/// What is said of descents that end nowhere, stand still or skip.
@Suite struct BreakDownTests {
  private func path(_ formula: String, _ start: String, _ chain: String, _ updates: Int = 50) throws
    -> Minimization.Path
  { try Minimization(Formula(formula), from: StartPoint(start)).descent(by: chain, updates: updates) }

  @Test(arguments: [
    ("max(log(x), -3) + y^2", "x=1, y=1", "rate 0.9", "the value is not a number at x = -", "not defined"),
    ("norm(x)^2", "x=[0, 0]", "rate 0.1", "the derivative by x is not a number at the start, x = [0, 0]", ""),
    ("exp(-1/x^2)", "x=0", "adam | rate 0.01", "the derivative by x is not a number at the start", ""),
    ("x^y", "x=-2, y=2", "rate 0.001", "the derivative by y is not a number at the start", ""),
    ("sqrt(x)", "x=0", "rate 0.1", "the derivative by x is infinite at the start", ""),
    ("x^2", "x=1", "rate 3", "the value is infinite at x = ", "a smaller rate"),
    ("x^2", "x=1", "rate 1e200", "the value is infinite at x = -2e+200, after 1 update", "a smaller rate"),
    ("x^0 + (x - 1)^2", "x=0", "scale 1e200 | rate 1e200", "is not finite, although the gradient is", "a smaller rate"),
    ("sqrt(x)", "x=4", "rate 3 | average 0.5", "not a number", ""),
  ])
  func causesAreNamed(_ formula: String, _ start: String, _ chain: String, _ part: String, _ other: String) throws {
    let failure = try path(formula, start, chain, 1000).failure ?? "none"
    #expect(failure.contains(part) && (other.isEmpty || failure.contains(other)), "\(failure)")
  }

  /// A value that hides what is no number is none: the place is lost. Found wherever it was looked at.
  @Test func aPointThatIsNoneIsNoEnd() throws {
    let lost = try path("sqrt(x)^0 + y^2", "x=0, y=1", "rate 0.1")
    #expect(lost.failure?.contains("the derivative by x is not a number at the start") == true)
    let constant = try path("x^0 + y^2", "x=0, y=1", "rate 0.1")
    #expect(constant.failure == nil && constant.end["x"]!.item == 0 && constant.values.last! < 1.01)
  }

  @Test(arguments: [
    ("x^2", "x=0", "rate 0.1", "the gradient there is 0"), ("x^2", "x=1", "rate 0", "its rate is 0"),
    ("norm(x)^2", "x=[0, 0]", "finite | rate 0.1", "all 50 updates were skipped"),
    ("x^2", "x=1", "linesearch trials=1 (rate 8)", "no step that was tried"),
    ("1e160*x^2", "x=1", "adam | rate 0.1", "squares of its gradient, 2e+160, are beyond double precision"),
    ("x^2", "x=1", "rate 1e-201", "too small to change it"), ("x^2", "x=1", "accumulate 100 (rate 0.1)", "were 0"),
  ])
  func standingStillIsExplained(_ formula: String, _ start: String, _ chain: String, _ cause: String) throws {
    let path = try path(formula, start, chain)
    #expect(path.failure == nil && path.stillness?.contains(cause) == true, "\(path.stillness ?? "nothing")")
  }

  @Test func skippedUpdatesAreCounted() throws {
    // From 0 on the gradient is infinite, and the descent stays.
    let path = try path("sqrt(abs(x)) + y^2", "x=0, y=1", "groups (x: finite (rate 0.1); y: rate 0.1)")
    #expect(path.skipped == 50 && path.stillness == nil && path.failure == nil)
    #expect(try self.path("x^2", "x=1", "finite | rate 0.1").skipped == 0)
  }

  /// A chain's formula is descended as it is written, at losses of any size.
  @Test func lossesMayBeSmall() throws {
    for (chain, end) in [
      ("losspower 0.8 | rate 0.001", 3.57721e-13), ("losspower 1.2 | rate 1", 9.80982e-13),
    ] {
      let value = try path("x^2", "x=1e-6", chain, 1).values.last!
      #expect(abs(value / end - 1) < 2e-6, "\(chain): \(value)")  // printed with six digits
    }
  }
}
