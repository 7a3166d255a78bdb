import Foundation

/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
  /// "system", "user" or "assistant".
  public var role: String
  /// What is said, as plain text.
  public var content: String

  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}

/// How a conversation is written for a model that was trained on conversations: turns between `<|im_start|>` and
/// `<|im_end|>`, as SmolLM2 and others take them.
///
/// Templates are programs in Jinja's language, which is not interpreted: this form is recognised by its marks.
public struct ChatTemplate: Sendable {
  /// What the system says where the conversation does not begin with it; nil where nothing is added.
  public let standardSystem: String?

  /// - Throws: `LanguageModelError` where the tokenizer has no template, or one of another form.
  public init(of tokenizer: TextTokenizer) throws {
    guard let text = tokenizer.templateText else {
      throw LanguageModelError("the model's tokenizer has no chat template: give it plain text instead")
    }
    guard text.contains("<|im_start|>"), text.contains("<|im_end|>"), text.contains("add_generation_prompt"),
      ["<|im_start|>", "<|im_end|>"].allSatisfy({ mark in tokenizer.specials.contains { $0.text == mark } })
    else {
      throw LanguageModelError(
        "the model's chat template is not of the form <|im_start|>role ... <|im_end|>: give it plain text instead")
    }
    standardSystem = Self.quotedSystem(in: text)
  }

  /// The sentence in `'<|im_start|>system\nYou are ...<|im_end|>`, written out in the template.
  private static func quotedSystem(in text: String) -> String? {
    let plain = text.replacing("\\n", with: "\n")
    guard let start = plain.range(of: "<|im_start|>system\n"),
      let end = plain.range(of: "<|im_end|>", range: start.upperBound..<plain.endIndex)
    else { return nil }
    let sentence = plain[start.upperBound..<end.lowerBound]
    // A quotation mark ends the literal: what stands there is computed, not written out.
    return sentence.contains("'") || sentence.contains("{") ? nil : String(sentence)
  }

  /// The conversation as text, open for the assistant's answer.
  public func text(_ messages: [ChatMessage]) -> String {
    var result = ""
    if let standardSystem, messages.first?.role != "system" { result += turn("system", standardSystem) }
    for message in messages { result += turn(message.role, message.content) }
    return result + "<|im_start|>assistant\n"
  }

  private func turn(_ role: String, _ content: String) -> String { "<|im_start|>\(role)\n\(content)<|im_end|>\n" }
}
