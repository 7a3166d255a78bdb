import Arrays
import Foundation

/// A JSON object in a file.
struct JSONFile {
  let path: String
  let values: [String: Any]

  init(_ path: String) throws {
    self.path = path
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FileError(path: path, reason: "cannot be read")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw FileError(path: path, reason: "is no JSON object")
    }
    values = object
  }

  func text(_ key: String) throws -> String? { try value(key, "text") }
  func flag(_ key: String) throws -> Bool? { try value(key, "truth value") }
  func object(_ key: String) throws -> [String: Any]? { try value(key, "object") }
  func number(_ key: String, in object: [String: Any]? = nil) throws -> Double? {
    try value(key, "number", in: object)
  }

  /// A value of the type that is wanted, of the file or of an object in it; nil where there is none, or null.
  func value<T>(_ key: String, _ what: String, in object: [String: Any]? = nil) throws -> T? {
    guard let given = (object ?? values)[key], !(given is NSNull) else { return nil }
    guard let value = given as? T else {
      throw FileError(path: path, reason: "says \(key) = \("\(given)".prefix(60)), which is no \(what)")
    }
    return value
  }

  private static let largestExtent = 1 << 24

  func extent(_ key: String) throws -> Int {
    guard let value = try optionalExtent(key) else { throw FileError(path: path, reason: "does not say \(key)") }
    return value
  }

  func optionalExtent(_ key: String) throws -> Int? {
    guard let given = values[key], !(given is NSNull) else { return nil }
    guard let value = given as? Int, value >= 1, value <= Self.largestExtent else {
      throw FileError(path: path, reason: "says \(key) = \(given)")
    }
    return value
  }
}
