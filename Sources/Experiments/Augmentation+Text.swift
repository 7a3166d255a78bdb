import Datasets

// What is done to images, as it is said on the command line.
extension Augmentation {
  private enum Kind: String, CaseIterable { case crop, flip, none }

  /// Reads `crop 4, flip`: a window of the image's size is cut out of a frame of 4 zeros around it, and half of the images are
  /// mirrored; one of both, or `none`. The comma may be left out, as within braces, where it parts choices.
  ///
  /// - Throws: `SettingsError` for anything else.
  package init(_ text: String) throws {
    self = .none
    func refuse(_ what: String) -> SettingsError { SettingsError("\(what), as \"crop 4, flip\", and not \"\(text)\"") }
    var words = text.split { $0.isWhitespace || $0 == "," }.map(String.init)[...]
    guard !words.isEmpty else { throw refuse("images are augmented by crop, flip or both") }
    let isAlone = words.count == 1
    while let name = words.popFirst() {
      guard let kind = Kind(rawValue: name) else {
        throw SettingsError(
          "images cannot be augmented by \(name); \(NearestName.hint(name, among: Kind.allCases.map(\.rawValue)))")
      }
      switch kind {
      case .crop:
        guard let padding = words.popFirst().flatMap({ Int($0) }), padding > 0, cropPadding == 0 else {
          throw refuse("crop is told once how many zeros are around an image")
        }
        cropPadding = padding
      case .flip:
        guard !flips else { throw refuse("flip is said once") }
        flips = true
      case .none: guard isAlone else { throw refuse("none stands alone") }
      }
    }
  }

  /// As it is read.
  package var text: String {
    let parts = (cropPadding > 0 ? ["crop \(cropPadding)"] : []) + (flips ? ["flip"] : [])
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }
}
