import Graphs
import Models

/// A decoder, or the part above a frozen trunk, on tasks: the loss of a context and the logits of an answer, traced.
public struct PromptedDecoder: Sendable {
  /// What gives logits, whole or above a trunk.
  public let decoder: CausalDecoder
  /// Whether a context's loss is the sum over its tokens, or their mean. Its gradient step is as many times larger.
  public let sums: Bool

  /// - Parameter decoder: gives logits.
  public init(_ decoder: CausalDecoder, sums: Bool = true) {
    precondition(decoder.givesLogits, "tasks need a part of the model with its head")
    (self.decoder, self.sums) = (decoder, sums)
  }

  /// One task's tensors, as `TaskArrays` has them; where the decoder stands on a trunk, `context` and `prompt` are
  /// accompanied by its output. Of n tasks that were joined, what is said of one is n times as long.
  public struct Inputs {
    /// [1, context], int32.
    public var context: Tensor
    /// [context - 1]: 1 for each token but the first, 0 for padding.
    public var contextWeights: Tensor
    /// Question and answer, [1, prompt], int32.
    public var prompt: Tensor
    /// Where the answer's tokens are predicted: [answer], int32.
    public var positions: Tensor
    /// The answer's tokens: [answer], int32.
    public var labels: Tensor
    /// [answer]: 1 for each of them, 0 for padding.
    public var weights: Tensor
    /// What the decoder takes for the context, and for question and answer: tokens or hidden vectors.
    public var contextInput: Tensor
    /// The same for question and answer.
    public var promptInput: Tensor

    /// Number of tensors that make one.
    public static func count(_ decoder: CausalDecoder) -> Int { decoder.takesTokens ? 6 : 8 }

    /// - Parameter x: the six arrays of a task, and the trunk's output for context and prompt where there is a trunk.
    public init(_ x: some Collection<Tensor>, of decoder: CausalDecoder) {
      let x = Array(x)
      precondition(x.count == Self.count(decoder), "a task has \(Self.count(decoder)) tensors")
      (context, contextWeights, prompt, positions, labels, weights) = (x[0], x[1], x[2], x[3], x[4], x[5])
      (contextInput, promptInput) = decoder.takesTokens ? (context, prompt) : (x[6], x[7])
    }

    /// Several tasks as one, a batch of n: its loss is that of all contexts, and its answers follow one another.
    ///
    /// - Parameter tasks: of one shape, at least one.
    public init(joining tasks: [Inputs]) {
      precondition(!tasks.isEmpty, "nothing to join")
      self = tasks[0]
      guard tasks.count > 1 else { return }
      func joined(_ part: KeyPath<Inputs, Tensor>) -> Tensor { concatenate(tasks.map { $0[keyPath: part] }, axis: 0) }
      // Answers are looked for in all prompts, laid end to end.
      let length = prompt.shape[1]
      positions = concatenate(tasks.enumerated().map { $1.positions + Double($0 * length) }, axis: 0)
      (context, contextWeights, contextInput) = (joined(\.context), joined(\.contextWeights), joined(\.contextInput))
      (prompt, promptInput) = (joined(\.prompt), joined(\.promptInput))
      (labels, weights) = (joined(\.labels), joined(\.weights))
    }
  }

  /// The types of a task's tensors.
  public func types(_ shape: TaskShape) -> [TensorType] {
    let own = [
      TensorType([1, shape.context], .int32), TensorType([shape.context - 1]), TensorType([1, shape.prompt], .int32),
      TensorType([shape.answer], .int32), TensorType([shape.answer], .int32), TensorType([shape.answer]),
    ]
    let width = decoder.configuration.width
    return decoder.takesTokens
      ? own : own + [TensorType([1, shape.context, width]), TensorType([1, shape.prompt, width])]
  }

  /// The next-token loss of the context, or of all that were joined: what one learns from it.
  ///
  /// - Throws: `ModelError` or `ShapeError` where the parameters do not fit the decoder.
  public func contextLoss(_ task: Inputs, _ parameters: Parameters) throws -> Tensor {
    let losses = try decoder.nextTokenLosses(task.contextInput, tokens: task.context, parameters)
    let weights = task.contextWeights.cast(to: losses.elementType)
    let total = (losses.reshaped(to: weights.shape) * weights).sum()
    return sums ? total : total / max(weights.sum(), 1)
  }

  /// The logits where the answer's tokens are predicted: [answer, vocabulary].
  ///
  /// - Throws: `ModelError` where the parameters do not fit the decoder.
  public func answerLogits(_ task: Inputs, _ parameters: Parameters) throws -> Tensor {
    try decoder.check(parameters.tree.map(\.type), Tree())
    var scope = ModelScope(parameters)
    return try decoder.logits(try decoder.hidden(task.promptInput, rows: task.positions, in: &scope), in: scope)
  }

  /// The answer's log-probability, and 1 where each of its tokens is the likeliest of all.
  public func score(_ task: Inputs, _ logits: Tensor) -> (logProbability: Tensor, isExact: Tensor) {
    let weights = task.weights.cast(to: logits.elementType)
    let logProbability = -(softmaxCrossEntropy(logits, labels: task.labels) * weights).sum()
    let misses = (logits.argumentOfMaximum() .!= task.labels).cast(to: logits.elementType) * weights
    return (logProbability, (misses.sum() .== 0).cast(to: .float32))
  }
}
