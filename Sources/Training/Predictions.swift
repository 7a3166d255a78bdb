import Foundation

/// What a model says of some examples, in the targets' own terms.
public struct Predictions: Sendable {
  /// "prediction" and "probability:CLASS", or "prediction:NAME" where targets are several.
  public let header: [String]
  /// One list of cells for each example.
  public let rows: [[String]]

  /// - Parameter outputs: [count, outputs] of the model.
  public init(_ outputs: NDArray, _ manifest: TrainedModel.Manifest) {
    let count = outputs.shape[0]
    let width = outputs.count / max(count, 1)
    guard !manifest.classes.isEmpty else {
      let values = manifest.targetScale?.restore(outputs) ?? outputs.doubles
      let names = manifest.encoding?.targets ?? []
      header = width == 1 ? ["prediction"] : (0..<width).map { "prediction:\($0 < names.count ? names[$0] : "\($0)")" }
      rows = (0..<count).map { row in (0..<width).map { "\(values[row * width + $0])" } }
      return
    }
    let names = manifest.outputNames
    header = ["prediction"] + names.map { "probability:\($0)" }
    let logits = outputs.doubles
    rows = (0..<count).map { row in
      let own = Array(logits[row * width..<(row + 1) * width])
      let peak = own.max()!
      let best = own.firstIndex(of: peak) ?? 0
      return [names[best]] + manifest.loss.probabilities(own).map { "\($0)" }
    }
  }

  /// The same with a column before all others.
  ///
  /// - Parameter cells: one for each example.
  public func with(column name: String, _ cells: [String]) -> Predictions {
    precondition(cells.count == rows.count, "one cell for each example")
    return Predictions(header: [name] + header, rows: zip(cells, rows).map { [$0] + $1 })
  }

  private init(header: [String], rows: [[String]]) { (self.header, self.rows) = (header, rows) }

  /// As text, in the order of the examples.
  public var csv: String {
    ([header] + rows).map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  /// A cell in quotes where it needs them (RFC 4180).
  public static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
