import Foundation

/// Makes folders.
package enum Folder {
  /// Makes a folder and those that it lies in; one that is there is left as it is.
  ///
  /// - Throws: `FileError` that says what is in the way.
  package static func make(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw FileError(path: path, reason: "cannot be created: \(obstacle(path) ?? error.plainReason)")
    }
  }

  /// A file where a folder would have to be.
  private static func obstacle(_ path: String) -> String? {
    var place = path
    while !place.isEmpty, place != "/" {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) {
        return isFolder.boolValue ? nil : "\(place) is a file"
      }
      place = (place as NSString).deletingLastPathComponent
    }
    return nil
  }
}
