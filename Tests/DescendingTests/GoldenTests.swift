import Descending
import TestSupport
import Testing

@Suite struct GoldenTests {
  /// Printed by Scripts/make-optimizer-goldens.py with torch 2.13.0.
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
}
