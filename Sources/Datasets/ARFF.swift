import Foundation

/// A table of numbers in Weka's attribute-relation format; missing values stay visible as nil.
public struct ARFFTable: Sendable {
  public var attributes: [String]
  /// One list for each row, as long as `attributes`; nil where the file says "?".
  public var rows: [[Double?]]

  /// Rows without a missing value, and how many others there are.
  public var complete: (rows: [[Double]], dropped: Int) {
    let kept = rows.compactMap { row -> [Double]? in
      let values = row.compactMap { $0 }
      return values.count == row.count ? values : nil
    }
    return (kept, rows.count - kept.count)
  }

  /// Reads a file with numeric attributes and dense rows.
  /// - Throws: `DatasetError` that names the line.
  public init(path: String) throws {
    guard let text = String(data: try Gzip.contents(path), encoding: .utf8) else {
      throw DatasetError(path, "is no UTF-8 text")
    }
    try self.init(text: text, source: path)
  }

  /// Reads a text; `source` names it in errors.
  public init(text: String, source: String) throws {
    var attributes: [String] = []
    var rows: [[Double?]] = []
    var inData = false
    for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = raw.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("%") { continue }
      let number = index + 1
      guard inData else {
        let keyword = line.prefix { !$0.isWhitespace }.lowercased()
        switch keyword {
        case "@relation": continue
        case "@attribute": attributes.append(try Self.attribute(line, number, source))
        case "@data": inData = true
        default: throw DatasetError(source, "line \(number): \(line.prefix(40)) is no @relation, @attribute or @data")
        }
        continue
      }
      guard !line.hasPrefix("{") else {
        throw DatasetError(source, "line \(number) is sparse; only dense rows are read")
      }
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == attributes.count else {
        throw DatasetError(source, "line \(number) has \(cells.count) values and not \(attributes.count)")
      }
      rows.append(
        try zip(cells, attributes).map { cell, name in
          let cell = cell.trimmingCharacters(in: .whitespaces)
          if cell == "?" { return nil }
          guard let value = Double(cell), value.isFinite else {
            throw DatasetError(source, "line \(number), attribute \(name): \"\(cell)\" is no finite number and no ?")
          }
          return value
        })
    }
    guard inData else { throw DatasetError(source, "has no @data") }
    guard !attributes.isEmpty, !rows.isEmpty else { throw DatasetError(source, "has no attributes or no rows") }
    (self.attributes, self.rows) = (attributes, rows)
  }

  private static func attribute(_ line: String, _ number: Int, _ source: String) throws -> String {
    var rest = line.dropFirst("@attribute".count).drop(while: \.isWhitespace)
    let name: Substring
    if let quote = rest.first, quote == "'" || quote == "\"" {
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else {
        throw DatasetError(source, "line \(number): the attribute's name has no closing \(quote)")
      }
      name = rest[..<end]
      rest = rest[rest.index(after: end)...]
    } else {
      name = rest.prefix { !$0.isWhitespace }
      rest = rest.dropFirst(name.count)
    }
    let type = rest.trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, ["numeric", "real", "integer"].contains(type.lowercased()) else {
      throw DatasetError(
        source, "line \(number): attribute \(name) is \"\(type)\"; only numeric, real, integer are read")
    }
    return String(name)
  }
}

/// River Flow 1 of the Mulan collection: flows at eight sites, to be predicted two days ahead.
public enum RiverFlow {
  /// The number of columns to predict, the last ones.
  public static let targetCount = 8

  /// Rows with a missing value are left out, and the data set's name says how many. The first four fifths, in
  /// time, train; the rest test.
  public static func load(_ path: String) throws -> (train: Dataset, test: Dataset) {
    let table = try ARFFTable(path: path)
    let features = table.attributes.count - targetCount
    guard features > 0 else {
      throw DatasetError(path, "has \(table.attributes.count) attributes; more than \(targetCount) are needed")
    }
    let (rows, dropped) = table.complete
    guard rows.count >= 5 else { throw DatasetError(path, "has \(rows.count) complete rows; 5 are needed") }
    func part(_ range: Range<Int>) -> Dataset {
      let chosen = rows[range]
      return Dataset(
        name: "river-flow-1 (\(dropped) incomplete rows left out)",
        features: .numbers(
          NDArray(chosen.flatMap { $0.prefix(features).map { Float($0) } }, shape: [range.count, features])),
        targets: .numbers(
          NDArray(chosen.flatMap { $0.suffix(targetCount).map { Float($0) } }, shape: [range.count, targetCount])))
    }
    let cut = rows.count * 4 / 5
    return (part(0..<cut), part(cut..<rows.count))
  }
}

/// Two digits in one picture, one task each (construction of Sabour et al. 2017 as in Sener and Koltun 2018).
public enum MultiMNIST {
  /// Overlays each image with another one drawn at random: the left at 0..<28, the right at 6..<34 of a canvas of
  /// 36x36, the larger value where both are, made 28x28 by nearest neighbours.
  ///
  /// - Returns: images in [0, 1], [count, 28, 28, 1], and the labels of the left and right digit.
  /// - Throws: `DatasetError` when the data set is not of grey 28x28 images with classes.
  public static func overlaid(
    _ dataset: Dataset, count: Int, key: RandomKey
  ) throws -> (images: NDArray, left: [Int32], right: [Int32]) {
    guard case .images(let bytes, 28, 28, 1) = dataset.features, let labels = dataset.labels else {
      throw DatasetError(dataset.name, "is not of grey 28x28 images with classes")
    }
    guard count > 0, count <= dataset.count else {
      throw DatasetError(dataset.name, "\(count) pictures cannot be made from \(dataset.count) images")
    }
    let left = Array(key.split("left").permutation(dataset.count).prefix(count))
    let right = key.split("right").integers(count: count, below: dataset.count)
    var pixels = [Float](repeating: 0, count: count * 784)
    for picture in 0..<count {
      for row in 0..<28 {
        for column in 0..<28 {
          let (y, x) = (row * 36 / 28, column * 36 / 28)
          var value: UInt8 = 0
          if y < 28, x < 28 { value = bytes[left[picture] * 784 + y * 28 + x] }
          // The right digit lies at 6...33 in both directions.
          if (6..<34).contains(y), (6..<34).contains(x) {
            value = max(value, bytes[right[picture] * 784 + (y - 6) * 28 + x - 6])
          }
          pixels[picture * 784 + row * 28 + column] = Float(value) / 255
        }
      }
    }
    return (NDArray(pixels, shape: [count, 28, 28, 1]), left.map { labels[$0] }, right.map { labels[$0] })
  }
}
