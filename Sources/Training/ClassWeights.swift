import Foundation

/// What rows of each class count in a descent: all classes the same, or what a user names.
public struct ClassWeights: Sendable {
  /// By class; nil for those that make all classes count the same.
  public let named: [String: Double]?

  /// Reads `balanced`, or `CLASS=2,CLASS=0.5`.
  ///
  /// - Throws: `TrainingError` for anything else.
  public init(_ text: String) throws {
    if text == "balanced" {
      named = nil
      return
    }
    var found: [String: Double] = [:]
    for item in text.split(separator: ",") {
      guard let mark = item.lastIndex(of: "="), let weight = Double(item[item.index(after: mark)...]),
        weight.isFinite, weight >= 0
      else { throw TrainingError("class weights are balanced, or CLASS=WEIGHT with weights of 0 or more, not \(item)") }
      let name = item[..<mark].trimmingCharacters(in: .whitespaces)
      guard found.updateValue(weight, forKey: name) == nil else {
        throw TrainingError("the class \(name) has two weights")
      }
    }
    guard !found.isEmpty else { throw TrainingError("class weights are balanced, or CLASS=WEIGHT") }
    named = found
  }

  /// A weight for each output, scaled so that their mean over the rows is 1.
  ///
  /// - Throws: `TrainingError` where numbers are predicted, a class does not exist, or no row counts.
  public func values(for dataset: Dataset) throws -> [Double] {
    guard let labels = dataset.labels else {
      throw TrainingError("class weights are for classes, and \(dataset.name) predicts numbers")
    }
    let names = dataset.classNames
    var counts = [Double](repeating: 0, count: max(names.count, 2))
    for label in labels { counts[Int(label)] += 1 }
    var weights = counts.map { $0 > 0 ? 1 / $0 : 1 }
    if let named {
      if let unknown = named.keys.sorted().first(where: { !names.contains($0) }) {
        throw TrainingError("there is no class \(unknown); \(NearestName.hint(unknown, among: names))")
      }
      weights = counts.indices.map { $0 < names.count ? named[names[$0]] ?? 1 : 1 }
    }
    let total = zip(weights, counts).reduce(0) { $0 + $1.0 * $1.1 }
    guard total > 0 else { throw TrainingError("no row of \(dataset.name) has a class whose weight is above 0") }
    return weights.map { $0 * Double(labels.count) / total }
  }
}
