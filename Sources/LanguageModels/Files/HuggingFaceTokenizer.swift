import Arrays
import Foundation

/// Reads and writes `tokenizer.json` and `tokenizer_config.json`.
enum HuggingFaceTokenizer {
  static func read(_ folder: String, _ config: JSONFile) throws -> TextTokenizer {
    let file = try JSONFile(folder + "/tokenizer.json")
    func refuse(_ reason: String) -> FileError { FileError(path: file.path, reason: reason) }
    guard let model = file.values["model"] as? [String: Any], model["type"] as? String ?? "BPE" == "BPE",
      let vocabulary = model["vocab"] as? [String: Int]
    else { throw refuse("is no tokenizer of byte pairs (BPE)") }
    if let normalizer = file.values["normalizer"] as? [String: Any] {
      throw refuse("normalises texts by \(normalizer["type"] ?? "?"), which is not supported")
    }
    let added = try (file.values["added_tokens"] as? [[String: Any]] ?? []).map { entry in
      guard let text = entry["content"] as? String, let id = entry["id"] as? Int, let token = Int32(exactly: id) else {
        throw refuse("has an added token without content or id")
      }
      return TextTokenizer.Special(text: text, token: token)
    }
    let ids = Array(vocabulary.values) + added.map { Int($0.token) }
    guard let largest = ids.max(), largest < 1 << 24, ids.min()! >= 0 else {
      throw refuse("has no tokens, or wild numbers")
    }
    var texts = [String](repeating: "", count: largest + 1)
    for (text, id) in vocabulary { texts[id] = text }
    for special in added { texts[Int(special.token)] = special.text }
    let merges: [String]
    if let lines = model["merges"] as? [String] {
      merges = lines
    } else if let pairs = model["merges"] as? [[String]], pairs.allSatisfy({ $0.count == 2 }) {
      merges = pairs.map { $0[0] + " " + $0[1] }
    } else {
      throw refuse("has no merges")
    }
    let beside = folder + "/tokenizer_config.json"
    let more = try FileManager.default.fileExists(atPath: beside) ? JSONFile(beside) : nil
    func marker(_ key: String) -> Int32? {
      let text = more?.values[key] as? String ?? (more?.values[key] as? [String: Any])?["content"] as? String
      return text.flatMap { text in
        added.first { $0.text == text }?.token ?? vocabulary[text].flatMap { Int32(exactly: $0) }
      }
    }
    var ends = Set((config.values["eos_token_id"] as? [Int] ?? []).compactMap { Int32(exactly: $0) })
    if let end = config.values["eos_token_id"] as? Int, let token = Int32(exactly: end) { ends.insert(token) }
    if let end = marker("eos_token") { ends.insert(end) }
    let start = marker("bos_token") ?? (config.values["bos_token_id"] as? Int).flatMap { Int32(exactly: $0) }
    let unknown = (model["unk_token"] as? String).flatMap { text in
      added.first { $0.text == text }?.token ?? vocabulary[text].flatMap { Int32(exactly: $0) }
    }
    return try TextTokenizer(
      vocabulary: texts, merges: merges, preTokenizer: try preTokenizer(file), specials: added, start: start,
      ends: ends, unknown: unknown, addsStart: try more?.flag("add_bos_token") ?? false,
      templateText: more?.values["chat_template"] as? String)
  }

  private static func preTokenizer(_ file: JSONFile) throws -> PreTokenizer {
    guard let given = file.values["pre_tokenizer"] as? [String: Any] else {
      throw FileError(path: file.path, reason: "has no pre_tokenizer")
    }
    let parts = given["pretokenizers"] as? [[String: Any]] ?? [given]
    let types = parts.map { $0["type"] as? String ?? "?" }
    let unknown = FileError(
      path: file.path,
      reason: "cuts texts by \(types.joined(separator: ", ")), and supported are ByteLevel, "
        + "Digits with ByteLevel, and the patterns of Llama 3 and Qwen 2")
    guard types.last == "ByteLevel", parts.last?["add_prefix_space"] as? Bool != true else { throw unknown }
    let usesPattern = parts.last?["use_regex"] as? Bool ?? true
    switch (types.dropLast(), usesPattern) {
    case ([], true): return .gpt2
    case (["Digits"], true) where parts[0]["individual_digits"] as? Bool == true: return .smollm
    case (["Split"], false):
      let pattern = (parts[0]["pattern"] as? [String: Any])?["Regex"] as? String ?? ""
      if pattern.hasPrefix("(?i:'s|'t|") {
        if pattern.contains("\\p{N}{1,3}") { return .llama3 }
        if pattern.contains("|\\p{N}|") { return .qwen2 }
      }
      throw unknown
    default: throw unknown
    }
  }

  static func write(_ tokenizer: TextTokenizer, to folder: String) throws {
    let special = Set(tokenizer.specials.map { Int($0.token) })
    let vocabulary = tokenizer.vocabulary.enumerated().filter { !special.contains($0.offset) && !$0.element.isEmpty }
    let added = tokenizer.specials.sorted { $0.token < $1.token }.map { special -> [String: Any] in
      ["id": Int(special.token), "content": special.text, "special": true]
    }
    let bytes: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true]
    func split(_ pattern: String) -> [String: Any] {
      [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Split", "pattern": ["Regex": pattern], "behavior": "Isolated", "invert": false] as [String: Any],
          bytes.merging(["use_regex": false]) { $1 },
        ],
      ]
    }
    func pattern(_ digits: String) -> String {
      #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits
        + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }
    let cutting: [String: Any]
    switch tokenizer.preTokenizer {
    case .gpt2: cutting = bytes.merging(["use_regex": true]) { $1 }
    case .smollm:
      cutting = [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Digits", "individual_digits": true] as [String: Any], bytes.merging(["use_regex": true]) { $1 },
        ],
      ]
    case .llama3: cutting = split(pattern("{1,3}"))
    case .qwen2: cutting = split(pattern(""))
    }
    var model: [String: Any] = [
      "type": "BPE", "vocab": Dictionary(vocabulary.map { ($0.element, $0.offset) }) { first, _ in first },
      "merges": tokenizer.merges,
    ]
    model["unk_token"] = tokenizer.unknown.map { tokenizer.vocabulary[Int($0)] }
    let file: [String: Any] = [
      "version": "1.0", "added_tokens": added, "pre_tokenizer": cutting, "decoder": bytes, "model": model,
    ]
    var more: [String: Any] = ["add_bos_token": tokenizer.addsStart]
    more["chat_template"] = tokenizer.templateText
    if let start = tokenizer.start { more["bos_token"] = tokenizer.vocabulary[Int(start)] }
    if let end = tokenizer.ends.min() { more["eos_token"] = tokenizer.vocabulary[Int(end)] }
    for (name, object) in [("tokenizer.json", file), ("tokenizer_config.json", more)] {
      try AtomicFile.write(
        try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes]),
        to: folder + "/" + name)
    }
  }
}
