import LanguageModels
import Training

/// Tasks for a pre-trained model: fictitious facts, the questions of a file, or the paragraphs of a text.
package struct TaskSource {
  package let tasks: @Sendable (_ count: Int, FictitiousFacts.Split, FictitiousFacts.Kind, RandomKey) -> [ContextTask]
  /// Large enough for whatever is drawn.
  package let shape: TaskShape

  private init(
    shape: TaskShape,
    tasks: @escaping @Sendable (_ count: Int, FictitiousFacts.Split, FictitiousFacts.Kind, RandomKey) -> [ContextTask]
  ) { (self.shape, self.tasks) = (shape, tasks) }

  /// - Throws: `FileError` where there is no such file, or it cannot be read; `SettingsError` where it has too few passages
  ///   or paragraphs that fit.
  package static func named(
    in configuration: GradientPromptingConfiguration, _ tokenizer: TextTokenizer, key: RandomKey
  ) throws -> TaskSource {
    let data = configuration.data
    guard data.questions.isEmpty else {
      let groups =
        configuration.readsText
        ? try paragraphs(of: configuration, tokenizer) : try passages(of: data, tokenizer)
      return TaskSource(groups, key: key.split("passages"))
    }
    let facts = try FictitiousFacts(tokenizer, key: key.split("facts"))
    let samples = FictitiousFacts.Split.allCases.flatMap { split in
      data.kinds.flatMap { facts.tasks(400, split, kind: $0, key: key.split("shape")) }
    }
    var shape = TaskShape(holding: samples)
    (shape.context, shape.prompt) = (shape.context + 2, shape.prompt + 2)
    return TaskSource(shape: shape) { facts.tasks($0, $1, kind: $2, key: $3) }
  }

  /// Longer questions and answers of a file are left out.
  private static let longest = (prompt: 48, answer: 8)

  /// Fewer groups cannot be parted.
  private static let fewest = 16

  /// The questions of each passage of a file that fits.
  private static func passages(
    of data: GradientPromptingConfiguration.Data, _ tokenizer: TextTokenizer
  ) throws -> [[ContextTask]] {
    let file = try QuestionFile(data.questions)
    let limit = TaskShape(context: data.longest, prompt: longest.prompt, answer: longest.answer)
    let groups = Dictionary(grouping: file.tasks(tokenizer, fitting: limit), by: \.group)
    guard groups.count >= fewest else {
      throw SettingsError(
        "\(data.questions) has \(groups.count) passages of at most \(data.longest) tokens with questions, and \(fewest) "
          + "are needed: raise data.longest")
    }
    return groups.keys.sorted().map { groups[$0]! }
  }

  /// The continuation of each paragraph of a text that is long enough.
  private static func paragraphs(
    of configuration: GradientPromptingConfiguration, _ tokenizer: TextTokenizer
  ) throws -> [[ContextTask]] {
    let (path, text) = (configuration.data.questions, configuration.text)
    let file = try ParagraphFile(path)
    let tasks = file.tasks(tokenizer, text, longest: configuration.data.longest)
    guard tasks.count >= fewest else {
      let length = text.shortest + text.question + text.continuation
      throw SettingsError(
        "\(path) has too few paragraphs of \(length) tokens or more: \(tasks.count) of \(file.paragraphs.count), and "
          + "\(fewest) are needed; an empty line ends a paragraph, and text.shortest, text.question and "
          + "text.continuation may be lowered")
    }
    return tasks.map { [$0] }
  }

  /// Tasks in groups that are not parted: a quarter of them is held out, and an eighth for tuning.
  private init(_ groups: [[ContextTask]], key: RandomKey) {
    let order = key.permutation(groups.count).map { groups[$0] }
    let (held, tuning) = (order.count / 4, order.count / 8)
    let parts: [FictitiousFacts.Split: [ContextTask]] = [
      .test: order[..<held].flatMap { $0 }, .tuning: order[held..<held + tuning].flatMap { $0 },
      .train: order[(held + tuning)...].flatMap { $0 },
    ]
    shape = TaskShape(holding: order.flatMap { $0 })
    tasks = { count, split, _, key in
      let all = parts[split]!
      var order: [Int] = []
      return (0..<count).map { index in
        let (pass, place) = index.quotientAndRemainder(dividingBy: all.count)
        // Where there are fewer than asked for, all of them come again in another order.
        if place == 0 { order = key.split(pass).permutation(all.count) }
        return all[order[place]]
      }
    }
  }
}
