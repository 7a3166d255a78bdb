import Descending
import Testing

/// Names of other libraries are answered by what says the same here, and never by a name that looks like them.
@Suite struct ForeignNameTests {
  private func error(_ chain: String) -> String {
    do {
      _ = try DescentMethodKind.parse(chain)
      return "\(chain) was accepted"
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    ("sgd | rate 0.1", "\"momentum 0.9 | rate 0.1\" or \"rate 0.1\""), ("torch.optim.SGD", "\"rate 0.1\""),
    ("adamw", "\"adam | decay 0.01 | rate 0.001\""), ("lr 0.1", "\"rate 0.001\""),
    ("learning_rate 0.1", "\"rate 0.001\""),
    ("weight_decay 0.1 | rate 1", "\"decay 0.01\""), ("l2 0.1 | rate 1", "\"decay 0.01\""),
    ("nesterov 0.9 | rate 1", "\"momentum 0.9 nesterov=true | rate 0.1\""), ("rate 1 | ema", "average 0.999"),
    ("clip_grad_norm_ 1 | rate 1", "\"clip 1\""), ("clipnorm 1 | rate 1", "\"clip 1\""),
    ("cosine(0.1, 5epochs)", "\"rate cosine(0.1, 5epochs)\""), ("rate cosine_decay(0.1, 5epochs)", "rate cosine("),
    ("adam lr=0.01", "adam | rate 0.01"),
    ("adam weight_decay=0.1 | rate 1", "decay is a stage of its own, as in decay 0.1"),
    ("adam b1=0.9 | rate 1", "here it is beta1"), ("adam eps=1 | rate 1", "here it is epsilon"),
    ("adam betas=0.9 | rate 1", "beta1 and beta2"), ("rmsprop momentum=0.9 | rate 1", "momentum is a stage of its own"),
    ("rmsprop nesterov=true | rate 1", "momentum nesterov=true"),
    ("nadamw", "adam nesterov=true | decay 0.01 | rate 0.001"),
    ("schedule_free_adamw", "schedulefree (adam beta1=0"), ("bfgs | rate 1", "linesearch trials=20 (lbfgs | rate 1)"),
    ("hessian_free", "newton (rate 1)"), ("noam", "power(0.001, 0.5, 4000updates)"),
    ("signum | rate 1", "momentum 0.9 | sign | rate 0.001"), ("lbfgs history_size=5 | rate 1", "here it is memory"),
    ("rate inverse_sqrt(0.1)", "power(0.1, 0.5, 100updates)"),
    ("rate inverse_time_decay(0.1)", "power(0.1, 1, 100updates)"),
    ("momentum 0.9 nesterov | rate 1", "write nesterov=true"),
    ("muon | rate 0.02", "momentum 0.95 nesterov=true | polar | rate 0.02"),
    ("AMSGrad", "adam amsgrad=true | rate 0.001"),
    ("lamb | rate 1", "trustratio"), ("optax.lars", "trustratio 0.001 | momentum 0.9"),
    ("clip max_norm=1 | rate 1", "here it is norm"),
    ("clip 1 | sam (rate 1)", "sam is no stage of a chain but holds one"),
    ("lineserch (rate 1)", "did you mean linesearch?"), ("adam(0.9) | rate 1", "a blank parts adam"),
    ("finite(rate 1)", "a blank parts finite"), ("sam(rate 1)", "a blank parts sam"), ("adam", "adam | rate 0.001\""),
    ("momentum", "momentum | rate 0.1\""),
  ])
  func areAnswered(_ chain: String, _ answer: String) { #expect(error(chain).contains(answer), "\(error(chain))") }

  /// What has no equivalent gets the list of what there is.
  @Test(arguments: ["sm3", "novograd", "K-FAC", "D-Adapt-Adam", "yogi"])
  func whatIsAbsentIsSaid(_ name: String) {
    let text = error("\(name) | rate 0.1")
    #expect(
      text.contains("nothing here is the same; there are: orthogonal, ") && text.contains("linesearch"), "\(text)")
    #expect(!text.contains("did you mean"), "\(text)")
  }

  /// Each answer can be copied: it is read, and no name that it knows is one of ours.
  @Test func answersCanBeCopied() throws {
    for text in ForeignName.texts {
      if let method = DescentMethodKind.all.first(where: { text.hasPrefix($0.name + " ") }) {
        #expect(try DescentMethodKind.parse(text).description.hasPrefix(method.name))
      } else {
        _ = try ChainConfiguration(text).makeChain()
      }
    }
    let own = TransformationKind.all.map(\.name) + DescentMethodKind.all.map(\.name)
    #expect(Set(own).isDisjoint(with: ForeignName.names))
    #expect(Set(ForeignName.names).count == ForeignName.names.count)
  }

  /// A lone number that looks like a rate is not taken for a decay; with its name it is.
  @Test(arguments: [
    ("adam 0.001", "adam beta1=0.001", "adam | rate 0.001"),
    ("rmsprop 0.01", "rmsprop decay=0.01", "rmsprop | rate 0.01"),
    ("adagrad 0.01", "adagrad epsilon=0.01", "adagrad | rate 0.01"),
  ])
  func aRateIsNoDecay(_ stage: String, _ named: String, _ meant: String) throws {
    let text = error(stage + " | rate 0.1")
    #expect(text.contains(meant) && text.contains(named), "\(text)")
    // What is meant is read, and printed so that it is read again.
    #expect(try ChainConfiguration(named).description == named)
    #expect(try ChainConfiguration(named).makeChain().description == named)
    #expect(throws: Never.self) { try ChainConfiguration("adam 0.001 0.9 | rmsprop 0.9 | adagrad 1e-8") }
  }

  /// Each function's example is read, with the fewest arguments and with all; one more is refused by its form.
  @Test(arguments: FunctionKind.all.map(\.name)) func functionsAreReadAsTheyAreDescribed(_ name: String) throws {
    let kind = try #require(FunctionKind.all.first { $0.name == name })
    _ = try DescentMethodKind.parse(kind.example)
    let values = kind.arguments.map { ["OVER", "EVERY"].contains($0.name) ? "5epochs" : "0.5" }
    let stage = FunctionKind.schedules.contains { $0.name == name } ? "rate " : "rate 1 | losspower "
    let needed = kind.arguments.count { $0.standard == nil }
    for count in needed...kind.arguments.count {
      _ = try ChainConfiguration("\(stage)\(name)(\(values.prefix(count).joined(separator: ", ")))").makeChain()
    }
    #expect {
      try ChainConfiguration("\(stage)\(name)(\((values + ["1"]).joined(separator: ", ")))")
    } throws: { "\($0)".contains(kind.form) && "\($0)".contains(kind.example) }
  }

  @Test func numbersArePlain() {
    for (value, text) in [(1.0, "1"), (0.9, "0.9"), (1e-8, "1e-8"), (1000, "1000"), (3.6e4, "36000"), (-2, "-2")] {
      #expect(PlainNumber.text(value) == text && PlainNumber.text("\(value)") == text)
    }
    #expect(PlainNumber.text("9e-1") == "0.9" && PlainNumber.text("1e+0") == "1" && PlainNumber.text("true") == "true")
    #expect(PlainNumber.plain("[[1e+0, 2.0], [5.0e-1, ab1.0]] x") == "[[1, 2], [0.5, ab1.0]] x")
    #expect(PlainNumber.text("9.9999999999999995e-07") == "1e-6" && PlainNumber.text(Double.nan) == "nan")
  }
}
