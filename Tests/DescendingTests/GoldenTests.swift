import Descending
import TestSupport
import Testing

@Suite struct GoldenTests {
  /// Printed by Scripts/make-optimizer-goldens.py with torch 2.13.0, and 2.15.0 for what it did not have then.
  @Test(
    arguments: [
      ("rate 0.1", [0.59049, -1.547561875, 0.98304]),
      ("momentum 0.9 | rate 0.1", [-0.02916, -0.834311875, -1.74126]),
      ("momentum 0.9 nesterov=true | rate 0.1", [-0.1045816839, -0.631884610131, -1.2471527424]),
      ("decay 0.1 | momentum 0.9 | rate 0.1", [-0.1035888391, -0.6350874368, -1.8426501123]),
      ("decay 0.1 | momentum 0.9 nesterov=true | rate 0.1", [-0.163248997799, -0.426199642896, -1.26164250311]),
      ("adam | rate 0.1", [0.507963661927, -1.50295578519, 2.50177945623]),
      ("adam 0.8 0.95 1e-4 | rate 0.1", [0.511227439556, -1.50446987589, 2.5027345244]),
      ("adam 0.8 0.5 amsgrad=true | rate 0.4", [-0.34682756963, -0.206005487622, 1.08424932715]),
      (
        "adam epsilon=1e-6 | decay 0.1 | trustratio | rate 0.1", [0.197719132372, -1.10084101938, 2.02076592603]
      ),
      ("decay 0.1 | adam | rate 0.1", [0.507963661443, -1.50295578432, 2.50177945619]),
      ("adam | decay 0.1 | rate 0.1", [0.469952659619, -1.41556648379, 2.36527857324]),
      ("rmsprop | rate 0.1", [1.56935418899e-15, -0.0983101416819, 0.602513286804]),
      ("rmsprop 0.9 | momentum 0.5 | rate 0.1", [-0.131309516272, -0.479890037977, 1.3742724596]),
      ("adagrad | rate 0.1", [0.697714862065, -1.68676159815, 2.68334009272]),
      ("radam 0.8 0.9 | rate 0.1", [0.556691382493, -1.52895544313, 0.651761867925]),
      ("adamax | rate 0.1", [0.551553805051, -1.5257775498, 2.51696359305]),
      ("adadelta 0.9 1e-2 | rate 1", [0.0884323960964, -0.761305618044, 1.58870480318]),
      ("rprop | rate 0.8", [0.296, 0.336, -1.2944]),
      ("clipvalue 0.5 | momentum 0.9 | rate 0.1", [0.342795, -1.342795, 2.342795]),
      (
        "orthogonal guard=false | decay 0.1 | momentum 0.9 | rate 0.1", [1.04654101281, -5.73321075182, -1.32630058446]
      ),
      (
        "orthogonal renormalize=false guard=false | momentum 0.9 | rate 0.1",
        [1.37380458151, -4.36473168965, 0.673938872317]
      ),
      ("momentum 0.9 | rate cosine(0.1, 5updates, 0.01)", [0.408825822486, -1.36652624216, -0.0758406434797]),
      ("momentum 0.9 | rate steps(0.1, 0.5, 2updates)", [0.39490875, -1.34873964844, -0.11799]),
    ] as [(String, [Double])])
  func fiveStepsAgreeWithPyTorch(_ text: String, _ expected: [Double]) throws {
    let run = try DescentRun(try ChainParser.parse(text), from: Tree(["w": NDArray([1.0, -2.0, 3.0])])) { p in
      let w = p["w"]!
      return 0.5 * (w.graph.constant(NDArray([1.0, 0.5, 2.0])) * w.squared).sum()
    }
    try run.run(5)
    // Rates and Adam's corrections are float32 scalars, in five steps that are 0.3 long in the mean.
    let tolerance = rounding(.float32, terms: 5, scale: 0.3)
    for (a, b) in zip(run.parameters["w"]!.doubles, expected) { #expect(abs(a - b) < tolerance, "\(text): \(a) \(b)") }
  }

  /// Printed by the same with optax 0.2.8; Adan, AdaHessian, MARS, cautious momentum, Shampoo, SOAP and PSGD by their formulas in numpy: eight steps, of
  /// six numbers those of a matrix.
  @Test(
    arguments: [
      ("lion 0.8 0.6 | rate 0.4", [0.2, 0.4, -0.2]),
      ("adam nesterov=true | rate 0.1", [0.202440773452, -1.14987142321, 2.13695399898]),
      ("adabelief 0.8 0.9 1e-8 | rate 0.1", [-0.0971757223152, -0.68079091824, 1.62738524938]),
      ("adan 0.9 0.8 0.7 | rate 0.1", [0.156208376347, -1.17813128587, 2.18602672598]),
      ("prodigy start=0.1 decay=0.1 | rate 1", [-0.417938648435, -0.465600436781, 1.44930886364]),
      ("lbfgs 3 | rate 0.4", [0.0175573022412, -0.220716470637, 0.0420724650076]),
      ("lookahead 3 0.6 (momentum 0.5 | rate 0.2)", [0.0551236776, -0.6370726912, -0.0393479472]),
      ("schedulefree 0.8 (rate 0.3)", [0.121888308315, -0.832597647456, -0.105157693538]),
      ("ademamix 0.8 0.9 0.95 3 | rate 0.1", [-0.172411924117, -0.741372852902, 1.72949289367]),
      ("adopt 0.8 0.9 | rate 0.1", [0.646092659893, -1.63117739971, 2.62617095544]),
      ("mars | rate 0.1", [0.218231312883, -1.20182407461, 2.19984833098]),
      ("mars 0.8 0.9 0.5 4 | rate 0.1", [0.252959528296, -1.20593790845, 2.19953673417]),
      ("mars 0.8 0.9 0.5 100 | rate 0.1", [0.27312534197, -1.22024757163, 2.21112569099]),
      ("dog 0.1 | rate 1", [0.273881470436, -1.0819581564, 0.157850594043]),
      ("adahessian 0.8 0.9 0.5 3 1e-4 | rate 0.1", [0.359972247773, -1.03299026823, 0.530027417663]),
      ("cautious (momentum 0.9) | rate 0.3", [0.17199898375, 0.720766755273, 0.129837]),
      (
        "shampoo 0.8 0.9 1e-3 3 | rate 0.1",
        [0.625019553874, -1.63053258967, 1.6504381146, 0.496211531149, -1.36894720335, 1.34601311279]
      ),
      (
        "shampoo 0.8 0.9 1e-3 1 graft=false | rate 0.1",
        [0.716971896313, -1.83528357117, 2.43730109989, 0.666573050325, -1.4915831882, 1.96411018941]
      ),
      (
        "shampoo 0.8 0.9 1e-3 3 largest=2 | rate 0.1",
        [0.640560971493, -1.66383298131, 1.63206361709, 0.514508450033, -1.40801199593, 1.34665454093]
      ),
      (
        "soap 0.8 0.9 period=3 | rate 0.1",
        [0.662343029531, -1.62151272048, 2.55152722945, 0.624344358172, -1.43482879529, 2.04712647084]
      ),
      (
        "psgd damping=0 | rate 0.1",
        [0.791590883191, -1.81626586073, 2.00503006441, 0.45756491412, -1.37894131779, 1.65672463184]
      ),
      (
        "psgd 0 0.3 damping=0 | rate 0.1",
        [0.699801993964, -1.77121093209, 2.09659539435, 0.57099268603, -1.42115495376, 1.69158781939]
      ),
      (
        "psgd damping=0 largest=2 | rate 0.1",
        [0.714586209195, -1.72434448354, 1.99980137716, 0.392372502612, -1.30195716408, 1.65815527597]
      ),
      ("psgd damping=0 | rate 0.1", [0.767127193632, -1.76155381374, 2.10456773906]),
      (
        "adafactor | rate 0.1",
        [0.267736797237, -1.23691907263, 2.24304769311, 0.0952677124608, -0.827029104498, 1.74569880686]
      ),
      (
        "adafactor relative=true | rate 0.1",
        [0.0879573351484, -0.918507681446, 1.90390192408, 0.0211953838344, -0.564196644451, 1.41667288728]
      ),
    ] as [(String, [Double])])
  func eightStepsAgreeWithOthers(_ text: String, _ expected: [Double]) throws {
    let run = try optaxRun(text, isMatrix: expected.count == 6)
    let tolerance = rounding(.float32, terms: 8, scale: 0.5)
    for (a, b) in zip(run.parameters["w"]!.doubles, expected) { #expect(abs(a - b) < tolerance, "\(text): \(a) \(b)") }
  }

  /// The mean that a schedule-free descent is judged by, of the same eight steps.
  @Test func theMeanOfAScheduleFreeDescentIsOptax() throws {
    let mean = MovingAverage.averages(in: try optaxRun("schedulefree 0.8 (rate 0.3)", isMatrix: false).state)["w"]!
    for (a, b) in zip(mean.doubles, [0.18750701248, -0.954749896009, -0.031145778217]) {
      #expect(abs(a - b) < rounding(.float32, terms: 8, scale: 0.5), "\(a) \(b)")
    }
  }

  private func optaxRun(_ text: String, isMatrix: Bool) throws -> DescentRun {
    let start = isMatrix ? NDArray([1.0, -2, 3, 0.5, -1.5, 2.5], shape: [2, 3]) : NDArray([1.0, -2.0, 3.0])
    let run = try DescentRun(try ChainParser.parse(text), from: Tree(["w": start])) { p in
      let w = p["w"]!
      return 0.5 * (w.graph.constant(NDArray([1.0, 0.5, 2.0])) * w.squared).sum()
    }
    try run.run(8)
    return run
  }
}
