import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Errors of Foundation in plain words: its own texts name domains, numbers and types.
extension Error {
  private var bridged: NSError {
    let error: any Error = self
    return error as NSError
  }

  /// What went wrong, without the file; of an error that is not Foundation's its own sentence.
  package var plainReason: String {
    if let error = self as? DecodingError { return error.plainReason }
    let error = bridged
    guard [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(error.domain) else { return "\(self)" }
    if let code = error.systemCode { return String(cString: strerror(code)) }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: return "No such file or directory"
    case .fileReadNoPermission, .fileWriteNoPermission: return "Permission denied"
    case .fileWriteFileExists: return "File exists"
    case .fileWriteOutOfSpace: return "No space left on device"
    case .fileWriteVolumeReadOnly: return "Read-only file system"
    case .fileReadTooLarge: return "the file is too large"
    case .fileReadInapplicableStringEncoding, .fileReadUnknownStringEncoding: return "it is no text"
    case .fileReadCorruptFile, .propertyListReadCorrupt, .coderReadCorrupt: return "the file is damaged"
    default: return "the system refuses it, and does not say why"
    }
  }

  /// A sentence that names the file where the error knows it.
  package var plainSentence: String {
    guard isOfFoundation, let path = bridged.userInfo[NSFilePathErrorKey] as? String else { return plainReason }
    return "\(path): \(plainReason)"
  }

  /// Whether its own text would be for programmers.
  package var isOfFoundation: Bool {
    self is DecodingError || [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains(bridged.domain)
  }
}

extension NSError {
  /// What the system gave as the reason: of the error itself, or of the one that it stands for.
  fileprivate var systemCode: Int32? {
    if domain == NSPOSIXErrorDomain { return Int32(code) }
    return (userInfo[NSUnderlyingErrorKey] as? any Error).flatMap { ($0 as NSError).systemCode }
  }
}

extension DecodingError {
  /// What does not fit, by the names that the file has for it.
  fileprivate var plainReason: String {
    func place(_ path: [any CodingKey]) -> String {
      let text = path.reduce("") { text, key in
        if let index = key.intValue { return "\(text), item \(index + 1)" }
        return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
      }
      return text.isEmpty ? "all" : text
    }
    switch self {
    case .typeMismatch(_, let context): return "\(place(context.codingPath)) is of another kind"
    case .valueNotFound(_, let context): return "\(place(context.codingPath)) is empty"
    case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty ? "it is no JSON" : "\(place(context.codingPath)) cannot be what it is"
    @unknown default: return "something in it is not understood"
    }
  }
}
