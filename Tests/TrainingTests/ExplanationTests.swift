import Arrays
import Datasets
import Foundation
import Models
import Parameters
import Testing
import Training

/// A model whose dependence is known: y = 3 a - b + 0 c, and a category that adds 2.
@Suite struct ExplanationTests {
  /// A linear model on a table of the columns a, b, c and a category d, with weights on the standardised features.
  private func problem() throws -> (model: TrainedModel, rows: Dataset, encoding: TableEncoding) {
    let path = NSTemporaryDirectory() + "explanation-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let key = RandomKey(seed: 3)
    let x = key.normal([600, 3]).floats
    let lines = (0..<200).map { row -> String in
      let (a, b, c) = (x[3 * row], x[3 * row + 1], x[3 * row + 2])
      let d = ["red", "green", "blue"][row % 3]
      return "\(a),\(b),\(c),\(d),\(3 * a - b + (d == "red" ? 2 : 0))"
    }
    try (["a,b,c,d,y"] + lines).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let table = try TableProblem(path, TableOptions(), key: key)
    let encoding = table.encoding
    let scale = encoding.targetScale!
    // The exact weights, in units of the standardised columns.
    var weights = [Float](repeating: 0, count: encoding.width)
    var offset = -scale.mean[0]
    for (input, range) in zip(encoding.inputs, encoding.featureRanges) {
      switch input.column {
      case "a", "b":
        let slope = input.column == "a" ? 3.0 : -1.0
        weights[range.lowerBound] = Float(slope * input.scales[0].deviation / scale.deviation[0])
        offset += slope * input.scales[0].mean
      case "d":
        weights[range.lowerBound + input.values.firstIndex(of: "red")!] = Float(2 / scale.deviation[0])
      default: break
      }
    }
    let description = try ModelDescription(.mlp, input: [encoding.width], hidden: [], outputs: 1)
    let manifest = TrainedModel.Manifest(
      model: description, loss: .squaredError, encoding: encoding, normalization: nil, classes: [], targetScale: scale)
    let parameters = Tree([
      "linear0/weight": NDArray(weights, shape: [encoding.width, 1]),
      "linear0/bias": NDArray([Float(offset / scale.deviation[0])]),
    ])
    return (TrainedModel(manifest: manifest, parameters: parameters, modelState: Tree()), table.train, encoding)
  }

  @Test func importanceIsWhatTheFormulaSays() throws {
    let (model, rows, _) = try problem()
    let found = try Explanation(model, rows: rows, key: RandomKey(seed: 0), repeats: 20)
    #expect(
      found.importances.map(\.column) == ["a", "b", "d", "c"]
        || found.importances.map(\.column) == ["a", "d", "b", "c"])
    #expect(found.value < 1e-4, "the weights are exact but for float32")
    let byName = Dictionary(uniqueKeysWithValues: found.importances.map { ($0.column, $0) })
    #expect(byName["c"]!.increases.allSatisfy { $0 == 0 })
    // Exchanged with an independent row, 3 a errs by 3 (a - a'), of root mean square 3 sqrt 2 s; s is estimated from 160
    // rows (6 %) and the permutation from as many: a quarter is four of their standard errors.
    #expect(abs(byName["a"]!.mean - 3 * 2.0.squareRoot()) < 0.25 * 3 * 2.0.squareRoot())
    #expect(abs(byName["b"]!.mean - 2.0.squareRoot()) < 0.25 * 2.0.squareRoot())
    // 2 (d - d') is 2 in size where one of both is red: 4/9 of the cases.
    #expect(abs(byName["d"]!.mean - 4.0 / 3) < 0.25 * 4.0 / 3)
  }

  @Test func dependenceIsTheFormula() throws {
    let (model, rows, encoding) = try problem()
    let found = try Explanation(model, rows: rows, key: RandomKey(seed: 0), repeats: 2)
    let a = try #require(found.dependences.first { $0.column == "a" })
    let positions = try #require(a.positions)
    // A straight line of slope 3, to float32's rounding of values up to about 10.
    let slope = (a.means[0].last! - a.means[0].first!) / (positions.last! - positions.first!)
    #expect(abs(slope - 3) < 1e-4 && positions.count == 20)
    let d = try #require(found.dependences.first { $0.column == "d" })
    let values = Dictionary(uniqueKeysWithValues: zip(d.cells, d.means[0]))
    #expect(Set(d.cells) == ["red", "green", "blue"] && abs(values["red"]! - values["green"]! - 2) < 1e-4)
    #expect(abs(values["green"]! - values["blue"]!) < 1e-4)
    // One cell of a column is what a file with it would be.
    let own = try encoding.features(ofColumn: "d", cells: ["red", nil, "violet"])
    #expect(own.shape == [3, encoding.inputs.first { $0.column == "d" }!.features.count])
    #expect(throws: DatasetError.self) { try encoding.features(ofColumn: "e", cells: ["1"]) }
    #expect(throws: DatasetError.self) { try encoding.features(ofColumn: "a", cells: ["word"]) }
  }

  @Test func whatCannotBeExplainedIsSaid() throws {
    let (model, rows, _) = try problem()
    #expect(throws: TrainingError.self) { try Explanation(model, rows: rows.subset([0]), key: RandomKey(seed: 0)) }
    #expect(throws: TrainingError.self) { try Explanation(model, rows: rows, key: RandomKey(seed: 0), repeats: 0) }
  }
}
