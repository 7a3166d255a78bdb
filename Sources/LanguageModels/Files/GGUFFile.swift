import Arrays
import Foundation

/// A model in the GGUF format, versions 2 and 3: metadata and named tensors over a mapped file.
///
/// Every size and offset is checked against the file before it is used: a file that is truncated, or wants to harm,
/// is refused with a sentence. Source: the format description of ggml-org/ggml, docs/gguf.md.
public struct GGUFFile: Sendable {
  /// A tensor of the file.
  public struct Entry: Sendable {
    /// As the file spells it, "blk.0.attn_q.weight".
    public var name: String
    /// Extents outermost first, as of an array; the file lists them the other way.
    public var shape: Shape
    /// How its numbers are stored.
    public var encoding: WeightEncoding
    /// Where its bytes are in the file.
    public var range: Range<Int>
  }

  /// Where the file is.
  public let path: String
  /// Of the format, 2 or 3.
  public let version: Int
  /// The file's entries by key, as "general.architecture".
  public let metadata: [String: GGUFValue]
  /// In the order of the file.
  public let entries: [Entry]
  private let positions: [String: Int]
  private let file: MappedFile

  /// - Throws: `FileError` saying what is wrong with the file.
  public init(_ path: String) throws {
    file = try MappedFile(path)
    self.path = path
    var reader = GGUFReader(file)
    do { try reader.read() } catch is ByteCursor.EndReached {
      throw FileError(path: path, reason: "ends within its header: the file is truncated")
    }
    (version, metadata, entries) = (reader.version, reader.metadata, reader.entries)
    positions = Dictionary(uniqueKeysWithValues: entries.indices.map { (reader.entries[$0].name, $0) })
  }

  /// A metadata entry of the kind that is wanted; nil where there is none.
  ///
  /// - Throws: `FileError` where the entry is of another kind.
  func value<T>(_ key: String, _ kind: KeyPath<GGUFValue, T?>) throws -> T? {
    guard let given = metadata[key] else { return nil }
    guard let value = given[keyPath: kind] else {
      throw FileError(path: path, reason: "has the metadata entry \(key) of another type than it must have")
    }
    return value
  }

  /// The tensor of that name.
  public subscript(name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// A tensor's bytes, valid as long as this file is.
  public func bytes(of entry: Entry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
  }

  /// What keeps the bytes valid.
  package var owner: AnyObject { file }

  /// A tensor as float32.
  public func array(_ entry: Entry) -> NDArray { entry.encoding.decoded(bytes(of: entry), shape: entry.shape) }
}
