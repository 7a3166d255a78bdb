extension [String] {
  /// The command as a shell reads it again: what holds blanks, braces or other signs of the shell stands in quotes.
  package var shellCommand: String {
    map { word in
      let isPlain =
        !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=,:+@%".contains($0)) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}
