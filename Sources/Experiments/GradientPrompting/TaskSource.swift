import LanguageModels
import Training

/// Tasks for a pre-trained model: fictitious facts, or the questions of a file.
struct TaskSource {
  let tasks: @Sendable (_ count: Int, FictitiousFacts.Split, FictitiousFacts.Kind, RandomKey) -> [ContextTask]
  /// Large enough for whatever is drawn.
  let shape: TaskShape

  private init(
    shape: TaskShape,
    tasks: @escaping @Sendable (_ count: Int, FictitiousFacts.Split, FictitiousFacts.Kind, RandomKey) -> [ContextTask]
  ) { (self.shape, self.tasks) = (shape, tasks) }

  /// - Throws: `FileError` where there is no such file; `SettingsError` where it has too few passages that fit.
  static func named(
    in data: GradientPromptingConfiguration.Data, _ tokenizer: TextTokenizer, key: RandomKey
  ) throws -> TaskSource {
    guard data.questions.isEmpty else { return try TaskSource(data, tokenizer, key: key.split("passages")) }
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

  /// A quarter of the passages is held out, and an eighth for tuning.
  private init(_ data: GradientPromptingConfiguration.Data, _ tokenizer: TextTokenizer, key: RandomKey) throws {
    let file = try QuestionFile(data.questions)
    let limit = TaskShape(context: data.longest, prompt: Self.longest.prompt, answer: Self.longest.answer)
    let groups = Dictionary(grouping: file.tasks(tokenizer, fitting: limit), by: \.group)
    guard groups.count >= 16 else {
      throw SettingsError(
        "\(data.questions) has \(groups.count) passages of at most \(data.longest) tokens with questions, and 16 are "
          + "needed: raise data.longest")
    }
    let passages = groups.keys.sorted()
    let order = key.permutation(passages.count).map { groups[passages[$0]]! }
    let (held, tuning) = (order.count / 4, order.count / 8)
    let parts: [FictitiousFacts.Split: [ContextTask]] = [
      .test: order[..<held].flatMap { $0 }, .tuning: order[held..<held + tuning].flatMap { $0 },
      .train: order[(held + tuning)...].flatMap { $0 },
    ]
    shape = TaskShape(holding: order.flatMap { $0 })
    tasks = { count, split, _, key in
      let all = parts[split]!
      // Where there are fewer than asked for, all of them come again in another order.
      return (0..<count).map { index in
        let (pass, place) = index.quotientAndRemainder(dividingBy: all.count)
        return all[key.split(pass).permutation(all.count)[place]]
      }
    }
  }
}
