import Arrays

/// One task as the arrays of a program. Padding stands behind the text, where causal attention does not see it, and has
/// no weight.
public struct TaskArrays: Sendable {
  /// [1, context], int32.
  public var context: NDArray
  /// 1 for each token of the context but the first, 0 for padding: [context - 1].
  public var contextWeights: NDArray
  /// Question and answer, [1, prompt], int32.
  public var prompt: NDArray
  /// Where the answer's tokens are predicted: [answer], int32.
  public var positions: NDArray
  /// The answer's tokens: [answer], int32.
  public var labels: NDArray
  /// 1 for each of them, 0 for padding: [answer].
  public var weights: NDArray

  /// - Throws: `LanguageModelError` where the task does not fit into the shape, or has nothing to ask.
  public init(_ task: ContextTask, _ shape: TaskShape) throws {
    guard !task.answer.isEmpty, !task.query.isEmpty else {
      throw LanguageModelError("a task needs a question and an answer")
    }
    let (prompt, length) = (task.query + task.answer, task.answer.count)
    guard task.context.count <= shape.context, prompt.count <= shape.prompt, length <= shape.answer else {
      throw LanguageModelError(
        "a task of \(task.context.count) tokens and a question of \(prompt.count) does not fit into \(shape.context) and "
          + "\(shape.prompt)")
    }
    func padded(_ tokens: [Int32], to count: Int) -> [Int32] {
      tokens + [Int32](repeating: 0, count: count - tokens.count)
    }
    func mask(_ ones: Int, of count: Int) -> NDArray { NDArray((0..<count).map { Float($0 < ones ? 1 : 0) }) }
    context = NDArray(padded(task.context, to: shape.context), shape: [1, shape.context])
    contextWeights = mask(max(task.context.count - 1, 0), of: shape.context - 1)
    self.prompt = NDArray(padded(prompt, to: shape.prompt), shape: [1, shape.prompt])
    positions = NDArray(padded((0..<length).map { Int32(task.query.count - 1 + $0) }, to: shape.answer))
    labels = NDArray(padded(task.answer, to: shape.answer))
    weights = mask(length, of: shape.answer)
  }

  /// In the order of `PromptedDecoder.Inputs`.
  public var all: [NDArray] { [context, contextWeights, prompt, positions, labels, weights] }
}
