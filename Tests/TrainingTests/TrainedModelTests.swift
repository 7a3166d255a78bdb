import Arrays
import Datasets
import Foundation
import Models
import Parameters
import TestSupport
import Testing
import Training

/// Saved models: what is read is what was written, and damage is an error.
@Suite struct TrainedModelTests {
  private let folder = TemporaryFolder()
  private func file(_ name: String) -> URL { URL(fileURLWithPath: folder.path + "/" + name) }

  /// Saves a model of a number, a category and a text.
  private func save(isClassified: Bool = true) throws -> TrainedModel {
    let rows = (0..<60).map { row in
      "\(row).5,\(["red", "green", "blue"][row % 3]),the word\(row) is here,"
        + (isClassified ? ["no", "yes"][row % 2] : "\(Double(row) * 0.75)")
    }
    try (["n,colour,note,y"] + rows).joined(separator: "\n").write(
      to: file("t.csv"), atomically: true, encoding: .utf8)
    let problem = try TableProblem(file("t.csv").path, TableOptions(targets: ["y"]), key: RandomKey(seed: 1))
    let encoding = problem.encoding
    #expect(encoding.inputs.map(\.kind) == [.number, .category, .text])
    let description = try ModelDescription(
      .mlp, input: [encoding.width], hidden: [2], outputs: isClassified ? 2 : 1)
    let model = TrainedModel(
      manifest: .init(
        model: description, loss: isClassified ? .crossEntropy : .squaredError, encoding: encoding, normalization: nil,
        classes: encoding.classes, targetScale: encoding.targetScale),
      parameters: try description.makeLayer().initialParameters(key: RandomKey(seed: 2)), modelState: Tree())
    try model.save(to: folder.path)
    return model
  }

  private func isSame(_ a: TrainedModel, _ b: TrainedModel) -> Bool {
    a.manifest == b.manifest && a.parameters == b.parameters && a.modelState == b.modelState
  }

  /// One flipped bit anywhere is refused, or changes nothing.
  @Test(arguments: ["model.json", "model.safetensors"]) func flippedBitsAreFound(_ name: String) throws {
    let model = try save()
    #expect(try isSame(TrainedModel(folder: folder.path), model))
    let whole = try Data(contentsOf: file(name))
    var refused = 0
    for place in stride(from: 0, to: whole.count, by: max(whole.count / 300, 1)) {
      var bytes = whole
      bytes[place] ^= 1 << UInt8(place % 7)
      try bytes.write(to: file(name))
      do {
        let read = try TrainedModel(folder: folder.path)
        #expect(isSame(read, model), "byte \(place) of \(name)")
      } catch { refused += 1 }
    }
    #expect(refused > 100)
  }

  /// Sets a value at a path of keys and indices.
  private func changed(_ old: Any?, _ path: ArraySlice<String>, _ value: Any?) -> Any? {
    guard let head = path.first else { return value }
    if var list = old as? [Any], let index = Int(head) {
      list[index] = changed(list[index], path.dropFirst(), value) ?? NSNull()
      return list
    }
    var object = old as? [String: Any] ?? [:]
    object[head] = changed(object[head], path.dropFirst(), value)
    return object
  }

  private func edit(_ path: String, _ json: String?) throws {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file("model.json")))
    let value = try json.map { try JSONSerialization.jsonObject(with: Data($0.utf8), options: .fragmentsAllowed) }
    let new = try #require(changed(object, path.split(separator: "/").map(String.init)[...], value))
    try JSONSerialization.data(withJSONObject: new).write(to: file("model.json"))
  }

  /// Models of earlier versions have no digest; who edits one of today is told how.
  @Test func editsAreMeant() throws {
    let model = try save()
    try edit("encoding/inputs/0/fill", "3.5")
    #expect { try TrainedModel(folder: folder.path) } throws: {
      "\($0)".contains("edited by hand") && "\($0)".contains("take the line \"digest\" out")
    }
    try edit("digest", nil)
    let read = try TrainedModel(folder: folder.path)
    #expect(read.manifest.encoding?.inputs[0].fill == 3.5 && read.parameters == model.parameters)
  }

  /// Whatever is read that does not fit together is named before it is relied on.
  @Test func whatDoesNotFitIsNamed() throws {
    let damages: [(isClassified: Bool, path: String, json: String, hint: String)] = [
      (true, "classes", #"["no", "no"]"#, "name twice"),
      (true, "encoding/classes", #"["no", "no"]"#, "class twice"),
      (true, "encoding/inputs/1/values", #"["red", "red", "blue"]"#, "colour: has a value twice"),
      (true, "encoding/inputs/2/hashes", "0", "0 features for words"),
      (true, "encoding/inputs/2/hashes", "-5", "-5 features for words"),
      (true, "encoding/inputs/2/hashes", "255", "takes no rows of"),
      (true, "encoding/inputs/0/scales/0/deviation", "0", "positive deviation"),
      (true, "encoding/inputs/1/column", #""n""#, "a column twice"),
      (true, "encoding/targets", "[]", "has no target"),
      (true, "model/kind", #""cnn""#, "cnn takes images"),
      (true, "model/kind", #""resnet18""#, "resnet18 takes images"),
      (true, "model/outputs", "3", "3 outputs for 2 classes"),
      (true, "model/hidden", "[-1]", "widths above 0"),
      (true, "model/input", "[]", "takes no rows of"),
      (true, "model/input", "[4611686018427387904, 8]", "too large"),
      (true, "loss", #""squaredError""#, "takes numbers"),
      (false, "classes", #"["a", "b"]"#, "1 outputs for 2 classes"),
      (false, "loss", #""crossEntropy""#, "does not fit 0 classes"),
      (false, "targetScale/mean", "[]", "0 means"),
      (false, "targetScale/deviation", "[1, 2]", "2 deviations"),
      (false, "encoding/targetScale/deviation", "[0]", "positive deviations"),
      (false, "encoding/targets", #"["y", "z"]"#, "for 2 outputs"),
    ]
    for (isClassified, path, json, hint) in damages {
      _ = try save(isClassified: isClassified)
      try edit("digest", nil)
      #expect(throws: Never.self) { try TrainedModel(folder: folder.path) }
      try edit(path, json)
      #expect("\(path) = \(json)") { try TrainedModel(folder: folder.path) } throws: { "\($0)".contains(hint) }
    }
  }
}
