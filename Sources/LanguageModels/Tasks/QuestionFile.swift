import Arrays
import Foundation

/// Passages with questions and answers in the JSON format of SQuAD 1.1, as SQuAD and XQuAD come (Rajpurkar et al. 2016,
/// Artetxe et al. 2020).
public struct QuestionFile: Sendable {
  /// A question that its passage answers.
  public struct Question: Sendable, Hashable {
    /// The question as it was asked.
    public var text: String
    /// Accepted answers, at least one.
    public var answers: [String]
  }

  /// A text with questions about it.
  public struct Passage: Sendable, Hashable {
    /// Of the article; passages of one title are not independent.
    public var title: String
    /// The passage itself.
    public var text: String
    /// Those with an answer, in the order of the file.
    public var questions: [Question]
  }

  /// In the order of the file.
  public let passages: [Passage]

  /// - Throws: `FileError` naming what is missing, and where.
  public init(_ path: String) throws {
    func refuse(_ reason: String) -> FileError { FileError(path: path, reason: reason) }
    guard let articles = try JSONFile(path).values["data"] as? [[String: Any]] else {
      throw refuse("has no list \"data\" of articles")
    }
    var passages: [Passage] = []
    for (number, article) in articles.enumerated() {
      guard let paragraphs = article["paragraphs"] as? [[String: Any]] else {
        throw refuse("its article \(number) has no \"paragraphs\"")
      }
      for paragraph in paragraphs {
        guard let text = paragraph["context"] as? String, let entries = paragraph["qas"] as? [[String: Any]] else {
          throw refuse("a paragraph of its article \(number) lacks \"context\" or \"qas\"")
        }
        let questions = try entries.compactMap { entry -> Question? in
          guard let question = entry["question"] as? String, let answers = entry["answers"] as? [[String: Any]] else {
            throw refuse("a question of its article \(number) lacks \"question\" or \"answers\"")
          }
          let texts = answers.compactMap { $0["text"] as? String }.filter { !$0.isEmpty }
          // SQuAD 2 has questions without an answer.
          return texts.isEmpty ? nil : Question(text: question, answers: texts)
        }
        passages.append(Passage(title: article["title"] as? String ?? "", text: text, questions: questions))
      }
    }
    guard passages.contains(where: { !$0.questions.isEmpty }) else { throw refuse("has no question with an answer") }
    self.passages = passages
  }

  /// Tasks of the questions whose passage and prompt fit, in the order of the file; a passage is a group.
  ///
  /// The first accepted answer counts. The prompt is a line break, which parts it from the passage, "Question: ...", a
  /// line break, "Answer:"; our choice.
  public func tasks(_ tokenizer: TextTokenizer, fitting shape: TaskShape) -> [ContextTask] {
    passages.enumerated().flatMap { group, passage -> [ContextTask] in
      let context = tokenizer.encode(passage.text)
      guard context.count <= shape.context else { return [] }
      return passage.questions.compactMap { question in
        let query = tokenizer.encode("\nQuestion: \(question.text)\nAnswer:")
        let answer = tokenizer.encode(" " + question.answers[0], addingStart: false)
        guard answer.count <= shape.answer, query.count + answer.count <= shape.prompt else { return nil }
        return ContextTask(context: context, query: query, answer: answer, group: group)
      }
    }
  }
}

/// Tasks from plain text: an earlier part is the context, what follows it the question, and what follows that the
/// answer.
public enum ContinuationTasks {
  /// Tasks one after the other, each a group of its own.
  ///
  /// - Throws: `LanguageModelError` where the text is too short for one.
  public static func tasks(_ tokens: [Int32], _ shape: TaskShape) throws -> [ContextTask] {
    let query = shape.prompt - shape.answer
    guard shape.context > 0, query > 0, shape.answer > 0 else {
      throw LanguageModelError("a continuation needs a context, a question and an answer")
    }
    let length = shape.context + shape.prompt
    guard tokens.count >= length else {
      throw LanguageModelError("the text has \(tokens.count) tokens, too few for one task of \(length)")
    }
    return (0..<tokens.count / length).map { index in
      let part = Array(tokens[index * length..<(index + 1) * length])
      return ContextTask(
        context: Array(part[0..<shape.context]), query: Array(part[shape.context..<shape.context + query]),
        answer: Array(part[(shape.context + query)...]), group: index)
    }
  }
}
