/// Cuts a text into the pieces within which byte pairs are merged.
public enum PreTokenizer: String, Sendable, CaseIterable {
  /// GPT-2's pattern: contractions, words, numbers and other signs, each with one space before it; runs of white space.
  ///
  ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  case gpt2
  /// Every digit alone, then GPT-2's pattern within what is between them.
  case smollm
  /// Llama 3's pattern: words with any one sign before them, at most three digits together, line breaks apart.
  ///
  ///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
  ///     \s+(?!\S)|\s+
  case llama3 = "llama-bpe"
  /// Llama 3's pattern with every digit alone.
  case qwen2

  /// The pieces in their order; together they are the text.
  public func pieces(of text: String) -> [Substring] {
    let scalars = text.unicodeScalars
    switch self {
    case .gpt2: return GPT2Pattern.pieces(of: scalars[...])
    case .smollm:
      var result: [Substring] = []
      var start = scalars.startIndex
      var position = start
      while position < scalars.endIndex {
        let next = scalars.index(after: position)
        if Kind(scalars[position]) == .number {
          if start < position { result += GPT2Pattern.pieces(of: scalars[start..<position]) }
          result.append(Substring(scalars[position..<next]))
          start = next
        }
        position = next
      }
      return start < position ? result + GPT2Pattern.pieces(of: scalars[start..<position]) : result
    case .llama3: return Llama3Pattern(digits: 3).pieces(of: scalars[...])
    case .qwen2: return Llama3Pattern(digits: 1).pieces(of: scalars[...])
    }
  }

  /// What the patterns tell apart.
  enum Kind {
    case space, letter, number, other

    init(_ scalar: Unicode.Scalar) {
      if scalar.isASCII {
        switch scalar.value {
        case 9...13, 32: self = .space
        case 48...57: self = .number
        case 65...90, 97...122: self = .letter
        default: self = .other
        }
        return
      }
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .space : .other
      }
    }
  }
}

/// Steps through a text by kinds of characters.
private struct PatternScanner {
  typealias Scalars = Substring.UnicodeScalarView
  let text: Scalars
  var position: Scalars.Index

  init(_ text: Scalars) {
    self.text = text
    position = text.startIndex
  }

  var isAtEnd: Bool { position == text.endIndex }

  func kind(at index: Scalars.Index) -> PreTokenizer.Kind? {
    index < text.endIndex ? PreTokenizer.Kind(text[index]) : nil
  }

  /// The end of the run of a kind that begins at an index, of at most so many characters.
  func end(of kind: PreTokenizer.Kind, from index: Scalars.Index, limit: Int = .max) -> Scalars.Index {
    var (end, count) = (index, 0)
    while count < limit, self.kind(at: end) == kind {
      end = text.index(after: end)
      count += 1
    }
    return end
  }

  /// The end of a contraction that begins at the position, or nil.
  func contraction(ignoringCase: Bool) -> Scalars.Index? {
    guard text[position] == "'" else { return nil }
    for ending in ["s", "t", "re", "ve", "m", "ll", "d"] {
      var index = text.index(after: position)
      var matches = true
      for letter in ending.unicodeScalars {
        guard index < text.endIndex else {
          matches = false
          break
        }
        let found = text[index]
        matches = found == letter || (ignoringCase && found.properties.lowercaseMapping == String(letter))
        guard matches else { break }
        index = text.index(after: index)
      }
      if matches { return index }
    }
    return nil
  }

  /// The end of a run of white space, which leaves its last character to what follows it.
  func endOfSpace() -> Scalars.Index {
    let end = end(of: .space, from: position)
    let last = text.index(before: end)
    return end == text.endIndex || last == position ? end : last
  }
}

private enum GPT2Pattern {
  static func pieces(of text: Substring.UnicodeScalarView) -> [Substring] {
    var scanner = PatternScanner(text)
    var result: [Substring] = []
    while !scanner.isAtEnd {
      let start = scanner.position
      scanner.position = end(scanner)
      result.append(Substring(text[start..<scanner.position]))
    }
    return result
  }

  private static func end(_ scanner: PatternScanner) -> Substring.UnicodeScalarView.Index {
    if let end = scanner.contraction(ignoringCase: false) { return end }
    let text = scanner.text
    var first = scanner.position
    if text[first] == " " { first = text.index(after: first) }
    if let kind = scanner.kind(at: first), kind != .space { return scanner.end(of: kind, from: first) }
    return scanner.endOfSpace()
  }
}

private struct Llama3Pattern {
  let digits: Int

  func pieces(of text: Substring.UnicodeScalarView) -> [Substring] {
    var scanner = PatternScanner(text)
    var result: [Substring] = []
    while !scanner.isAtEnd {
      let start = scanner.position
      scanner.position = end(scanner)
      result.append(Substring(text[start..<scanner.position]))
    }
    return result
  }

  private func isBreak(_ scalar: Unicode.Scalar) -> Bool { scalar == "\r" || scalar == "\n" }

  private func end(_ scanner: PatternScanner) -> Substring.UnicodeScalarView.Index {
    if let end = scanner.contraction(ignoringCase: true) { return end }
    let (text, start) = (scanner.text, scanner.position)
    let (kind, next) = (scanner.kind(at: start)!, text.index(after: start))
    if kind == .letter { return scanner.end(of: .letter, from: start) }
    if kind == .number { return scanner.end(of: .number, from: start, limit: digits) }
    // One sign that is no line break may stand before a word.
    if !isBreak(text[start]), scanner.kind(at: next) == .letter { return scanner.end(of: .letter, from: next) }
    let signs = text[start] == " " ? next : start
    if scanner.kind(at: signs) == .other {
      var end = scanner.end(of: .other, from: signs)
      while end < text.endIndex, isBreak(text[end]) { end = text.index(after: end) }
      return end
    }
    // White space up to its last line break stands alone.
    let end = scanner.end(of: .space, from: start)
    if let last = text[start..<end].lastIndex(where: isBreak) { return text.index(after: last) }
    return scanner.endOfSpace()
  }
}
