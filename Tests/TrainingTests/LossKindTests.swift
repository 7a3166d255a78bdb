import Foundation
import TestSupport
import Testing
import Training

/// What text says of losses: names, options, and the formulas behind them.
@Suite struct LossKindTests {
  /// Losses of numbers and their slopes, in a graph and in double precision, beside their definitions.
  @Test(
    arguments: [
      ("squaredError", [4, 0.01, 9, 0.25], [4, -0.2, 6, 1]),
      ("absoluteError", [2, 0.1, 3, 0.5], [1, -1, 1, 1]),
      ("huber", [1.5, 0.005, 2.5, 0.125], [1, -0.1, 1, 0.5]),
      ("huber delta=0.25", [0.46875, 0.005, 0.71875, 0.09375], [0.25, -0.1, 0.25, 0.25]),
      ("quantile", [1, 0.05, 1.5, 0.25], [0.5, -0.5, 0.5, 0.5]),
      ("quantile 0.9", [0.2, 0.09, 0.3, 0.05], [0.1, -0.9, 0.1, 0.1]),
    ] as [(String, [Double], [Double])])
  func lossesOfNumbers(_ name: String, _ expected: [Double], _ slopes: [Double]) throws {
    let loss = try LossFunction(named: name)
    let differences = [2, -0.1, 3, 0.5]
    let target = NDArray([10.0, 20, -5, 0], shape: [2, 2])
    let output = NDArray(zip(target.doubles, differences).map { $0 + $1 }, shape: [2, 2])
    let found = try TestSupport.Evaluation.compiled.run([output, target]) { _, x in
      [loss.perSample(x[0], x[1]), gradients(of: loss.perSample(x[0], x[1]).sum(), withRespectTo: [x[0]])[0]]
    }
    for row in 0..<2 {
      #expect(abs(found[0].doubles[row] - (expected[2 * row] + expected[2 * row + 1]) / 2) < 1e-9)
    }
    for (slope, own) in zip(slopes, found[1].doubles) { #expect(abs(own - slope / 2) < 1e-9) }
    for (difference, own) in zip(differences, expected) {
      #expect(abs(loss.ofDifference!(difference) - own) < 1e-12)
    }
    #expect(!loss.takesClasses)
    #expect(throws: (any Error).self) {
      try TestSupport.Evaluation.compiled.run([output, NDArray([1.0, 2])]) { _, x in [loss(x[0], x[1])] }
    }
  }

  /// Losses of classes beside their definitions by the probabilities of a softmax, and slopes beside differences.
  @Test(arguments: ["crossEntropy", "crossEntropy smoothing=0.3", "focal", "focal 0.5", "focal 0"])
  func lossesOfClasses(_ name: String) throws {
    let loss = try LossFunction(named: name)
    let rows = [[1.5, -0.5, 0.25], [-2, 3, 0], [0.1, 0.2, 30]]
    let labels: [Int32] = [0, 2, 2]
    func defined(_ z: [Double], _ label: Int) -> Double {
      let powers = z.map { exp($0 - z.max()!) }
      let p = powers.map { $0 / powers.reduce(0, +) }
      switch name {
      case "crossEntropy smoothing=0.3": return -0.7 * log(p[label]) - 0.1 * p.map { log($0) }.reduce(0, +)
      case "focal": return -pow(1 - p[label], 2) * log(p[label])
      case "focal 0.5": return -pow(1 - p[label], 0.5) * log(p[label])
      default: return -log(p[label])
      }
    }
    let found = try TestSupport.Evaluation.compiled.run([
      NDArray(rows.flatMap { $0 }, shape: [3, 3]), NDArray(labels),
    ]) { _, x in
      [loss.perSample(x[0], x[1]), gradients(of: loss.perSample(x[0], x[1]).sum(), withRespectTo: [x[0]])[0]]
    }
    for row in 0..<3 {
      let label = Int(labels[row])
      #expect(abs(found[0].doubles[row] - defined(rows[row], label)) < 1e-9)
      for column in 0..<3 {
        var (above, below) = (rows[row], rows[row])
        above[column] += 1e-5
        below[column] -= 1e-5
        let slope = (defined(above, label) - defined(below, label)) / 2e-5
        #expect(abs(found[1].doubles[3 * row + column] - slope) < 1e-6, "\(name), row \(row)")
      }
    }
  }

  /// A classifier that is sure of each row, rightly and wrongly, has finite losses and slopes in single precision.
  @Test(arguments: LossKind.known.filter { $0.takesClasses == true }.map(\.name) + ["focal 0.5", "crossEntropy 0.2"])
  func sureRowsAreFinite(_ name: String) throws {
    let loss = try LossFunction(named: name)
    let rows = NDArray([200, -200, -200, 200, 0, 0] as [Float], shape: [3, 2])
    let found = try TestSupport.Evaluation.compiled.run([rows, NDArray([0, 0, 1] as [Int32])]) { _, x in
      [loss.perSample(x[0], x[1]), gradients(of: loss.perSample(x[0], x[1]).sum(), withRespectTo: [x[0]])[0]]
    }
    #expect(found.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
  }

  /// In single precision a focal loss is as exact as the cross-entropy that it is made of. Values in double precision: 1 - p = 1 / (1 + e^z).
  @Test(arguments: [-3.0, 0.5, 2, 8, 15], [0.5, 2, 5]) func focalLossesInSinglePrecision(_ z: Double, _ gamma: Double)
    throws
  {
    let rows = NDArray([0, Float(z)], shape: [1, 2])
    let found = try TestSupport.Evaluation.compiled.run([rows, NDArray([1] as [Int32])]) { _, x in
      [LossFunction.focal(gamma: gamma).perSample(x[0], x[1])]
    }[0].item
    let q = 1 / (1 + exp(z))
    let expected = -pow(q, gamma) * log1p(-q)
    // Cross-entropy is a difference of logits, each rounded to 2^-24 of itself; its slope in the focal loss is at most (γ + 1) (1 - p)^γ. A power by
    // logarithm and exponential adds some roundings of its exponent.
    let rounding = (abs(z) + 4) * 0x1p-23
    let error = (gamma + 1) * pow(max(q, rounding), gamma) * rounding + (gamma * -log(q) + 8) * 0x1p-23 * expected
    #expect(abs(found - expected) <= error, "\(found), \(expected), \(error)")
  }

  /// One loss has one name, however it was written, and the name is read again; so are those that Swift makes.
  @Test(arguments: [
    ("huber 1.0", "huber"), ("huber 0.50", "huber delta=0.5"), (" huber  delta=1e-2 ", "huber delta=0.01"),
    ("crossEntropy smoothing=-0", "crossEntropy"), ("crossEntropy 0.1", "crossEntropy smoothing=0.1"),
    ("focal", "focal"), ("focal gamma=3", "focal gamma=3"), ("quantile share=.5", "quantile"),
  ]) func aLossHasOneName(_ text: String, _ name: String) throws {
    let loss = try LossFunction(named: text)
    #expect(loss.name == name)
    let again = try JSONDecoder().decode(LossFunction.self, from: try JSONEncoder().encode(loss))
    #expect(again == loss && again.constant == loss.constant)
  }

  @Test func swiftAndTextMakeTheSame() throws {
    for loss in [
      LossFunction.huber, .huber(delta: 0.5), .crossEntropy, .crossEntropy(smoothing: 0.25), .focal(gamma: 2),
      .focal(gamma: 0),
      .quantile(share: 0.5), .quantile(share: 0.05), .squaredError, .absoluteError, .stableMax,
    ] {
      let named = try LossFunction(named: loss.name)
      #expect(named == loss && named.takesClasses == loss.takesClasses && named.link == loss.link)
    }
  }

  @Test(arguments: [
    ("MSE", "squaredError"), ("l1_loss", "absoluteError"), ("SmoothL1Loss", "huber"), ("log-loss", "crossEntropy"),
    ("hubber", "huber"), ("pinball", "quantile"), ("FocalLoss", "focal"),
    ("huber delta=0", "delta must be 1e-6 to 1e6"),
    ("huber nan", "delta must be"), ("huber width=2", "huber has no option width"), ("huber 1 2", "no place for 2"),
    ("quantile 1", "between 0 and 1"), ("crossEntropy 1", "in 0..<1"), ("focal -1", "0 to 100"),
    ("focal 1e39", "0 to 100"), ("huber 1e-30", "1e-6"),
    ("huber beta=2", "here it is delta"), ("quantile tau=0.1", "here it is share"),
    ("", "there is no loss"),
    ("squaredError 2", "no place for 2"), ("huber delta 0.5", "without blanks: huber delta=0.5"),
    ("huber delta = 0.5", "huber delta=0.5"), ("focal (", "focal"),
  ]) func wrongTextIsNamed(_ text: String, _ hint: String) {
    #expect { try LossFunction(named: text) } throws: { "\($0)".contains(hint) }
  }

  /// The constant that is to be beaten is the best there is by the loss: a quantile, the mean, or one between.
  @Test(arguments: [
    ("quantile 0.9", "quantile 0.9"), ("quantile 0.85", "quantile 0.85"), ("quantile 0.01", "quantile 0.01"),
    ("huber 0.1", "best constant"), ("huber 3", "best constant"), ("huber 100", "best constant"),
    ("absoluteError", "median"),
  ]) func theConstantIsTheBest(_ name: String, _ constant: String) throws {
    let loss = try LossFunction(named: name)
    // A long tail parts mean and median.
    let targets = [1.0, 2, 3, 4, 5, 6, 7, 8, 20, 60]
    let numbers = Dataset(
      name: "ten", features: .numbers(NDArray((0..<10).map { Float($0 * $0) }, shape: [10, 1])),
      targets: .numbers(NDArray(targets.map { Float($0) }, shape: [10, 1])))
    let found = try Baselines(train: numbers, validation: numbers, scale: nil, loss: loss)
    #expect(found.constantName == constant)
    let least = stride(from: 0.0, through: 61, by: 0.01).map { constant in
      targets.map { loss.ofDifference!(constant - $0) }.reduce(0, +) / 10
    }.min()!
    let value = found.constant["loss"]!
    #expect(value < least * (1 + 1e-6) && value > least * (1 - 1e-4), "\(value), \(least)")
  }

  /// Of a loss of one's own, too: on noise no network beats the best constant. Several targets may hang on each other, and have their medians.
  @Test func theBestConstantOfAnOwnLossIsSought() throws {
    let expectile = LossFunction("expectile") { output, target in
      let d = target - output
      return select(d .<= 0, 0.1 * d.squared, 0.9 * d.squared).mean([1])
    }
    let targets = RandomKey(seed: 8).normal([3000, 1])
    func numbers(_ targets: NDArray) -> Dataset {
      Dataset(
        name: "noise", features: .numbers(NDArray.zeros([3000 / targets.shape[1], 1])), targets: .numbers(targets))
    }
    let found = try Baselines(train: numbers(targets), validation: numbers(targets), scale: nil, loss: expectile)
    #expect(found.constantName == "best constant")
    let least = stride(from: 0.0, through: 2, by: 0.002).map { c in
      targets.doubles.map { ($0 > c ? 0.9 : 0.1) * ($0 - c) * ($0 - c) }.reduce(0, +) / 3000
    }.min()!
    #expect(abs(found.constant["ownLoss"]! - least) < 1e-4 * least)
    // So are those of several targets; of many it would be long.
    let pairs = targets.reshaped(to: [1500, 2])
    let both = try Baselines(train: numbers(pairs), validation: numbers(pairs), scale: nil, loss: expectile)
    #expect(both.constantName == "best constant" && both.constant["ownLoss"]! < least * 1.001)
    let many = targets.reshaped(to: [300, 10])
    #expect(
      try Baselines(train: numbers(many), validation: numbers(many), scale: nil, loss: expectile).constantName
        == "median")
    // A well far narrower than the targets' range.
    let narrow = LossFunction("narrow") { output, target in min((output - target).squared * 1e4, 1).mean([1]) }
    let places: [Float] = (0..<1000).map { row in row % 3 == 0 ? 0.37 : 0.006 * Float(row) - 3 }
    let wells = NDArray(places, shape: [1000, 1])
    let column = Dataset(name: "well", features: .numbers(NDArray.zeros([1000, 1])), targets: .numbers(wells))
    let well = try Baselines(train: column, validation: column, scale: nil, loss: narrow)
    #expect(well.constantName == "best constant" && well.constant["ownLoss"]! < 2.0 / 3)
    let broken = LossFunction("broken") { output, target in log(-abs(output - target) - 1).mean([1]) }
    #expect(
      try Baselines(train: numbers(targets), validation: numbers(targets), scale: nil, loss: broken).constantName
        == "median")
  }

  /// Of classes, too: on noise no classifier beats the best constant by a focal or smoothed loss, whose outputs are not the shares' logarithms.
  @Test(arguments: ["focal gamma=5", "focal", "focal gamma=0", "crossEntropy smoothing=0.3"])
  func theBestConstantOfClassesIsSought(_ name: String)
    throws
  {
    let loss = try LossFunction(named: name)
    let labels = (0..<100).map { Int32($0 % 10 == 0 ? 1 : 0) }
    let data = Dataset(
      name: "rare", features: .numbers(NDArray.zeros([100, 1])), targets: .classes(labels), classNames: ["no", "yes"])
    let found = try #require(
      Baselines.constant(train: data, validation: data, scale: nil, names: [], classWeights: nil, loss: loss).values[
        "ownLoss"])
    let worths = try TestSupport.Evaluation.compiled.run([
      NDArray((0..<2000).flatMap { [0, Double($0) / 100 - 15] }, shape: [2000, 2])
    ]) { graph, x in
      [Int32(0), 1].map { loss.perSample(x[0], graph.constant(NDArray([Int32](repeating: $0, count: 2000)))) }
    }
    let least = zip(worths[0].doubles, worths[1].doubles).map { 0.9 * $0 + 0.1 * $1 }.min()!
    #expect(found < least * 1.002 + 1e-6 && found > least * 0.998, "\(found), \(least)")
  }

  @Test func quantilesCover() throws {
    let targets = NDArray((0..<10).map { Float($0) }, shape: [10, 1])
    let outputs = NDArray([Float](repeating: 7, count: 10), shape: [10, 1])
    func values(_ name: String) throws -> Measures {
      try Measures(outputs: outputs, targets: .numbers(targets), loss: LossFunction(named: name))
    }
    #expect(try values("quantile 0.9").values["coverage"] == 80)
    #expect(try values("quantile 0.9").text.hasSuffix("quantile share=0.9 0.55, 80 % of targets below"))
    for name in ["huber", "absoluteError", "squaredError"] { #expect(try values(name).values["coverage"] == nil) }
  }

  @Test(arguments: [("truth", "a loss is a floating number, and this one is bool"), ("cut", "one number for each row")])
  func wrongResultsAreNamed(_ name: String, _ hint: String) throws {
    let loss = LossFunction(name) { output, target in
      name == "truth" ? (output .<= target).reshaped(to: [output.count]) : output.sum()
    }
    #expect {
      try Program(inputs: [TensorType([4, 1]), TensorType([4, 1])]) { _, x in [loss(x[0], x[1])] }
    } throws: { "\($0)".contains(hint) && "\($0)".contains(name) }
  }

  /// A loss that says nothing of probabilities or differences is measured by itself, in parts as at once; others by what they stand for.
  @Test func ownLossesAreMeasured() throws {
    let hinge = LossFunction("hinge", takesClasses: true) { output, target in
      let chosen = output.gatheringElements(target.expanded(axis: 1), axis: 1)
      return max(1 + output - chosen, 0).sum([1]) - 1
    }
    let key = RandomKey(seed: 4)
    let outputs = key.split("outputs").normal([2500, 3])
    let labels = (0..<2500).map { Int32($0 % 3) }
    let weights = [1.0, 2, 0.5]
    func expected(_ weights: [Double]?) -> Double {
      var (sum, weight) = (0.0, 0.0)
      for row in 0..<2500 {
        let own = weights?[Int(labels[row])] ?? 1
        let chosen = outputs[flat: 3 * row + Int(labels[row])]
        sum += own * ((0..<3).reduce(0) { $0 + max(1 + outputs[flat: 3 * row + $1] - chosen, 0) } - 1)
        weight += own
      }
      return sum / weight
    }
    let found = try Measures(outputs: outputs, targets: .classes(labels), loss: hinge, isThorough: true)
    #expect(abs(found.values["ownLoss"]! - expected(nil)) < 1e-5 && found.values["ece"] == nil)
    #expect(Measures.decisive(found.values) == found.values["ownLoss"] && found.text.contains("hinge "))
    let weighed = try Measures(outputs: outputs, targets: .classes(labels), loss: hinge, classWeights: weights)
    #expect(abs(weighed.values["ownLoss"]! - expected(weights)) < 1e-5)
    let plain = try Measures(outputs: outputs, targets: .classes(labels), loss: .crossEntropy, isThorough: true)
    #expect(plain.values["ownLoss"] == nil && plain.values["loss"] == found.values["loss"])
    // Of a softmax all is measured that cross-entropy has, and what is descended beside it.
    let soft = LossFunction("soft", takesClasses: true, isOfSoftmax: true) { 3 * softmaxCrossEntropy($0, labels: $1) }
    for (loss, factor) in [(LossFunction.focal(gamma: 0), 1.0), (soft, 3), (.crossEntropy(smoothing: 0.1), nil)] {
      var own = try Measures(outputs: outputs, targets: .classes(labels), loss: loss, isThorough: true).values
      let descended = own.removeValue(forKey: "ownLoss")!
      #expect(own == plain.values)
      if let factor { #expect(abs(descended - factor * plain.values["loss"]!) < 1e-5) }
    }
    let stable = try Measures(outputs: outputs, targets: .classes(labels), loss: .stableMax, isThorough: true)
    #expect(
      stable.values["ownLoss"] == nil && stable.values["loss"] != plain.values["loss"] && stable.values["ece"] != nil)

    let quartic = LossFunction("quartic") { output, target in (output - target).squared.squared.mean([1]) }
    let targets = key.split("targets").normal([2500, 3])
    let numbers = try Measures(outputs: outputs, targets: .numbers(targets), loss: quartic)
    let mean = zip(outputs.doubles, targets.doubles).map { pow($0 - $1, 4) }.reduce(0, +) / 7500
    #expect(abs(numbers.values["ownLoss"]! - mean) < 1e-4 * mean && numbers.values["rmse"] != nil)
    #expect(throws: ShapeError.self) {
      try Measures(
        outputs: outputs, targets: .numbers(targets),
        loss: LossFunction("broken") { output, _ in output.reshaped(to: [7]) })
    }
  }

  @Test func namesAreTakenOnce() throws {
    let cubic = LossKind(
      name: "cubicOfTests", summary: "", options: [.init("scale", "2", ""), .init("shift", "0", "")]
    ) { values in
      let scale = try values.positive("scale")
      return LossFunction("anything") { output, target in scale * pow(abs(output - target), 3).mean([1]) }
    }
    try LossKind.register(cubic)
    // What has no standard options is listed apart, not left out.
    let needy = LossKind(name: "needyOfTests", summary: "", options: [.init("scale", nil, "")]) { _ in .huber }
    try LossKind.register(needy)
    #expect(needy.takesClasses == nil && LossKind.lists.contains("needyOfTests") && LossKind.lists.contains("focal"))
    // What is saved names all options: a standard may be another one tomorrow.
    #expect(try LossFunction(named: "cubicOfTests 4.0").name == "cubicOfTests scale=4 shift=0")
    #expect(try LossFunction(named: "cubicOfTests").name == "cubicOfTests scale=2 shift=0")
    #expect(throws: DescentError.self) { try LossKind.register(cubic) }
    for name in ["huber", "two words", "", "a-b"] {
      #expect(throws: DescentError.self) { try LossKind.register(LossKind(name: name, summary: "") { _ in .huber }) }
    }
  }
}
