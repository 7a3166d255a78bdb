import Arrays

/// Reads the header of a GGUF file.
struct GGUFReader {
  private let file: MappedFile
  private var cursor: ByteCursor
  private(set) var version = 0
  private(set) var metadata: [String: GGUFValue] = [:]
  private(set) var entries: [GGUFFile.Entry] = []

  /// The format's limit on a tensor's axes.
  private static let mostAxes = 4

  init(_ file: MappedFile) {
    self.file = file
    cursor = ByteCursor(file.bytes)
  }

  private func refuse(_ reason: String) -> FileError { FileError(path: file.path, reason: reason) }

  /// A file's own words in a message: short, whatever they are.
  private func quoted(_ text: String) -> String { text.count > 60 ? "\(text.prefix(60))..." : text }

  mutating func read() throws {
    guard try cursor.value(UInt32.self) == 0x4655_4747 else { throw refuse("is no GGUF file") }
    let version = try cursor.value(UInt32.self)
    guard version & 0xffff != 0 else { throw refuse("is big-endian, which is not supported") }
    guard version == 2 || version == 3 else { throw refuse("has the GGUF version \(version), not 2 or 3") }
    self.version = Int(version)
    // The smallest tensor entry takes 24 bytes and the smallest metadata entry 13: more cannot be there.
    let tensorCount = try count(of: "tensors", smallest: 24)
    let entryCount = try count(of: "metadata entries", smallest: 13)
    for _ in 0..<entryCount { try readMetadata() }
    var described: [(name: String, shape: Shape, type: UInt32, offset: UInt64)] = []
    for _ in 0..<tensorCount { described.append(try readTensor()) }
    try place(described)
  }

  private mutating func count(of what: String, smallest: Int) throws -> Int {
    let claimed = try cursor.value(UInt64.self)
    guard claimed <= UInt64(cursor.remaining / smallest) else {
      throw refuse("claims \(claimed) \(what), more than its \(file.bytes.count) bytes can hold")
    }
    return Int(claimed)
  }

  private mutating func text() throws -> String {
    let length = try cursor.value(UInt64.self)
    guard length <= UInt64(cursor.remaining) else { throw ByteCursor.EndReached() }
    return try cursor.text(Int(length))
  }

  private mutating func readMetadata() throws {
    let key = try text()
    let type = try cursor.value(UInt32.self)
    guard metadata[key] == nil else { throw refuse("has two metadata entries \(quoted(key))") }
    metadata[key] = type == 9 ? try array(key) : try scalar(type, key)
  }

  private mutating func scalar(_ type: UInt32, _ key: String) throws -> GGUFValue {
    switch type {
    case 0: return .integer(Int(try cursor.value(UInt8.self)))
    case 1: return .integer(Int(try cursor.value(Int8.self)))
    case 2: return .integer(Int(try cursor.value(UInt16.self)))
    case 3: return .integer(Int(try cursor.value(Int16.self)))
    case 4: return .integer(Int(try cursor.value(UInt32.self)))
    case 5: return .integer(Int(try cursor.value(Int32.self)))
    case 6: return .number(Double(Float(bitPattern: try cursor.value(UInt32.self))))
    case 7: return .flag(try cursor.value(UInt8.self) != 0)
    case 8: return .text(try text())
    case 10: return .integer(Int(clamping: try cursor.value(UInt64.self)))
    case 11: return .integer(Int(try cursor.value(Int64.self)))
    case 12: return .number(Double(bitPattern: try cursor.value(UInt64.self)))
    default: throw refuse("the metadata entry \(quoted(key)) has the unknown type \(type)")
    }
  }

  private static let sizes: [UInt32: Int] = [0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 10: 8, 11: 8, 12: 8]

  private mutating func array(_ key: String) throws -> GGUFValue {
    let type = try cursor.value(UInt32.self)
    guard let size = Self.sizes[type] else {
      throw refuse("the metadata entry \(quoted(key)) is a list of the type \(type), which is not supported")
    }
    let count = try count(of: "values of \(quoted(key))", smallest: size)
    var (integers, numbers, flags, texts): ([Int], [Double], [Bool], [String]) = ([], [], [], [])
    for _ in 0..<count {
      switch try scalar(type, key) {
      case .integer(let value): integers.append(value)
      case .number(let value): numbers.append(value)
      case .flag(let value): flags.append(value)
      case .text(let value): texts.append(value)
      default: break
      }
    }
    switch type {
    case 6, 12: return .numbers(numbers)
    case 7: return .flags(flags)
    case 8: return .texts(texts)
    default: return .integers(integers)
    }
  }

  private mutating func readTensor() throws -> (name: String, shape: Shape, type: UInt32, offset: UInt64) {
    let name = try text()
    let axes = try cursor.value(UInt32.self)
    guard axes <= Self.mostAxes else { throw refuse("the tensor \(quoted(name)) claims \(axes) axes") }
    var extents: [Int] = []
    for _ in 0..<axes {
      let extent = try cursor.value(UInt64.self)
      guard let extent = Int(exactly: extent) else {
        throw refuse("the tensor \(quoted(name)) claims the extent \(extent)")
      }
      extents.append(extent)
    }
    return (name, Shape(extents.reversed()), try cursor.value(UInt32.self), try cursor.value(UInt64.self))
  }

  private mutating func place(
    _ described: [(name: String, shape: Shape, type: UInt32, offset: UInt64)]
  ) throws {
    let given = metadata["general.alignment"]
    guard let alignment = given == nil ? 32 : given?.integer else {
      throw refuse("has an alignment that is no whole number")
    }
    guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      throw refuse("claims the alignment \(alignment)")
    }
    let start = (cursor.position + alignment - 1) / alignment * alignment
    var names: Set<String> = []
    for (name, shape, type, offset) in described {
      let shown = "the tensor \(quoted(name))"
      guard names.insert(name).inserted else { throw refuse("has two tensors \(quoted(name))") }
      guard let encoding = WeightEncoding(rawValue: type) else {
        let known = WeightEncoding.allCases.map(\.name).joined(separator: ", ")
        throw refuse("\(shown) has the encoding number \(type), which is none of \(known)")
      }
      guard let count = Shape.byteCount(shape.dimensions, elementSize: 1),
        shape.rank == 0 || shape[-1] % encoding.blockSize == 0,
        let size = encoding.byteCount(count)
      else { throw refuse("\(shown) of shape \(shape) cannot be stored as \(encoding.name)") }
      guard offset % UInt64(alignment) == 0, let position = Int(exactly: offset), start <= file.bytes.count,
        position <= file.bytes.count - start, size <= file.bytes.count - start - position
      else {
        throw refuse(
          "\(shown) of \(size) bytes does not lie at offset \(offset) of the file: it is truncated or damaged")
      }
      entries.append(
        .init(name: name, shape: shape, encoding: encoding, range: start + position..<start + position + size))
    }
    let inOrder = entries.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (one, next) in zip(inOrder, inOrder.dropFirst()) where one.range.upperBound > next.range.lowerBound {
      throw refuse("has the tensors \(quoted(one.name)) and \(quoted(next.name)) in the same bytes: it is damaged")
    }
  }
}
