import Arrays
import CKernels

/// A matrix or vector of a model as its file stores it: rows of outputs, each a run of encoded numbers.
struct StoredWeight: @unchecked Sendable {
  // The bytes are never written and live as long as their owner.
  /// [outputs, inputs], or [count].
  var shape: Shape
  var encoding: WeightEncoding
  var bytes: UnsafeRawBufferPointer
  var owner: AnyObject

  init(shape: Shape, encoding: WeightEncoding, bytes: UnsafeRawBufferPointer, owner: AnyObject) {
    (self.shape, self.encoding, self.bytes, self.owner) = (shape, encoding, bytes, owner)
  }

  /// A float32 array.
  init(_ array: NDArray) {
    precondition(array.elementType == .float32, "stored weights are float32")
    self.init(
      shape: array.shape, encoding: .f32,
      bytes: UnsafeRawBufferPointer(start: array.storage.pointer, count: array.byteCount), owner: array.storage)
  }

  /// Some of the rows, in place.
  func rows(_ range: Range<Int>) -> StoredWeight {
    let rowBytes = bytes.count / max(shape[0], 1)
    var result = self
    result.shape[0] = range.count
    result.bytes = UnsafeRawBufferPointer(
      rebasing: bytes[range.lowerBound * rowBytes..<range.upperBound * rowBytes])
    return result
  }

  /// As float32.
  var array: NDArray {
    defer { withExtendedLifetime(owner) {} }
    return encoding.decoded(bytes, shape: shape)
  }

  /// A matrix as float32 with [inputs, outputs]; output p is stored as the row `order[p]`, or p.
  func transposedArray(rowOrder order: [Int]? = nil) -> NDArray {
    let (rows, columns) = (shape[0], shape[1])
    let result = NDArray(uninitialized: [columns, rows], .float32)
    guard result.count > 0 else { return result }
    precondition(order?.count ?? rows == rows && order?.allSatisfy { (0..<rows).contains($0) } ?? true)
    let positions = order.map { $0.map(Int64.init) }
    func decode(_ order: UnsafePointer<Int64>?) {
      ck_weights_decode_columns(
        encoding.kernelType, bytes.baseAddress!, Int64(rows), Int64(columns), order,
        result.storage.pointer.assumingMemoryBound(to: Float.self))
    }
    if let positions { decode(positions) } else { decode(nil) }
    withExtendedLifetime((owner, result)) {}
    return result
  }
}

/// All weights of a model by the paths of `CausalDecoder`, as a file stores them.
struct StoredWeights: Sendable {
  var weights: [String: StoredWeight]
  /// How rotary pairs lie in queries and keys.
  var rotaryLayout: Rotary.Layout

  /// - Throws: `LanguageModelError` where a weight is missing or of another shape.
  init(
    _ weights: [String: StoredWeight], rotaryLayout: Rotary.Layout, of configuration: DecoderConfiguration
  ) throws {
    for (path, entry) in CausalDecoder(configuration).layout.entries {
      guard let weight = weights[path] else { throw LanguageModelError("the model has no weights for \(path)") }
      let expected = Self.isTransposed(path) ? Shape(entry.type.shape.dimensions.reversed()) : entry.type.shape
      guard weight.shape == expected else {
        throw LanguageModelError("the weights for \(path) are \(weight.shape) and must be \(expected)")
      }
    }
    self.weights = weights
    self.rotaryLayout = rotaryLayout
  }

  /// Whether a file stores [outputs, inputs] where the layer has [inputs, outputs].
  static func isTransposed(_ path: String) -> Bool {
    path.hasSuffix("/weight") && path != "tokens/weight" && path != "positions/weight"
  }

  /// The stored row of each output of queries or keys, where pairs are stored otherwise than in halves.
  func rowOrder(_ path: String, _ c: DecoderConfiguration) -> [Int]? {
    guard rotaryLayout == .adjacent, c.rotary != nil else { return nil }
    let parts = path.split(separator: "/")
    guard parts.count == 3 else { return nil }
    switch parts[1] {
    case "query": return Rotary.adjacentRows(heads: c.heads, headWidth: c.headWidth)
    case "key": return Rotary.adjacentRows(heads: c.keyHeads, headWidth: c.headWidth)
    default: return nil
    }
  }

  /// One parameter as the layer has it, with rotary pairs in halves.
  func parameter(_ path: String, _ c: DecoderConfiguration) -> NDArray? {
    guard let weight = weights[path] else { return nil }
    let order = rowOrder(path, c)
    if Self.isTransposed(path) { return weight.transposedArray(rowOrder: order) }
    let array = weight.array
    return order.map { array.rows(at: $0) } ?? array
  }
}
