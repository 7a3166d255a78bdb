import Datasets

// What is done to images, as it is said on the command line.
extension Augmentation {
  private enum Kind: String, CaseIterable { case crop, flip, none }

  /// Reads `crop 4, flip`: a window of the image's size is cut out of a frame of 4 zeros around it, and half of the images are
  /// mirrored; one of both, or `none`.
  ///
  /// - Throws: `SettingsError` for anything else.
  package init(_ text: String) throws {
    self = .none
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(whereSeparator: \.isWhitespace).map(String.init)
    }
    for words in parts {
      guard let name = words.first else {
        throw SettingsError("images are augmented by \"crop 4, flip\", not by \"\(text)\"")
      }
      guard let kind = Kind(rawValue: name) else {
        throw SettingsError(
          "images cannot be augmented by \(name); \(NearestName.hint(name, among: Kind.allCases.map(\.rawValue)))")
      }
      switch kind {
      case .crop:
        guard words.count == 2, let padding = Int(words[1]), padding > 0, cropPadding == 0 else {
          throw SettingsError(
            "crop is told once how many zeros are around an image, as \"crop 4\", and not \"\(text)\"")
        }
        cropPadding = padding
      case .flip:
        guard words.count == 1, !flips else {
          throw SettingsError("flip takes no number and is said once, and not \"\(text)\"")
        }
        flips = true
      case .none:
        guard words.count == 1, parts.count == 1 else {
          throw SettingsError("none stands alone, and not in \"\(text)\"")
        }
      }
    }
  }

  /// As it is read.
  package var text: String {
    let parts = (cropPadding > 0 ? ["crop \(cropPadding)"] : []) + (flips ? ["flip"] : [])
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }
}
