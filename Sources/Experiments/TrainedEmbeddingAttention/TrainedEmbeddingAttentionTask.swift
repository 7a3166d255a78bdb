import Compilation
import Diagnostics
import Differentiation
import Foundation
import Models
import Statistics

/// One seed on one corpus: a step on the embeddings, descent on the query, and what came of it.
package struct TrainedEmbeddingAttentionTask {
  let configuration: TrainedEmbeddingAttentionConfiguration
  let sample: TokenSample
  let seed: Int

  package init(_ configuration: TrainedEmbeddingAttentionConfiguration, _ sample: TokenSample, seed: Int) {
    (self.configuration, self.sample, self.seed) = (configuration, sample, seed)
  }

  /// Everything that a run measures.
  package struct Outcome {
    package var values: [Measure: Double]
    package var words: [String]
    package var signedFrequency: [Double]
    package var difference: [Double]
    package var alignment: [Double]
    package var score: [Double]
    package var count: [Double]
    /// Training texts in which a token gets the most attention.
    package var selected: [Double]
  }

  private var width: Int { configuration.width(sample.source) }

  /// The start: embeddings and query N(0, 1 / width), an output vector of length 1.
  package func start() -> (embedding: NDArray, query: NDArray, output: NDArray) {
    let (key, d) = (RandomKey(seed: seed).split("start"), width)
    func scaled(_ shape: Shape, _ name: String, _ factor: Double) -> NDArray {
      NDArray(key.split(name).normal(count: shape.count).map { $0 * factor }, shape: shape)
    }
    let v = key.split("output").normal(count: d)
    let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let deviation = 1 / Double(d).squareRoot()
    return (
      scaled([sample.words.count, d], "embedding", deviation), scaled([d], "query", deviation),
      NDArray(v.map { $0 / norm }, shape: [d])
    )
  }

  package func arrays(_ texts: TokenTexts) -> (tokens: NDArray, labels: NDArray) {
    (NDArray(texts.tokens, shape: [texts.count, texts.length]), NDArray(texts.labels, shape: [texts.count]))
  }

  /// The embeddings after one step of gradient descent on them.
  package func stepped(
    _ start: (embedding: NDArray, query: NDArray, output: NDArray), on texts: TokenTexts
  ) throws -> NDArray {
    let (tokens, labels) = arrays(texts)
    let rate = configuration.rate(sample.source)
    let inputs = [start.embedding, start.query, start.output, tokens, labels]
    return try Program(inputs: inputs.map { TensorType(of: $0) }) { _, x in
      let loss = logisticLoss(
        embeddingAttention(embedding: x[0], query: x[1], output: x[2], tokens: x[3]), labels: x[4])
      return [x[0] - rate * gradients(of: loss, withRespectTo: [x[0]])[0]]
    }.run(inputs)[0]
  }

  package func outcome() throws -> Outcome {
    let texts = sample
    let start = start()
    let (vocabulary, d) = (sample.words.count, width)
    let embedding = try stepped(start, on: texts.train)
    let alpha = texts.train.signedFrequencies(vocabulary: vocabulary)
    let frequency = texts.train.frequencies(vocabulary: vocabulary)
    let (before, after, v) = (start.embedding.doubles, embedding.doubles, start.output.doubles)
    func product(_ matrix: [Double], _ vector: [Double]) -> [Double] {
      (0..<vocabulary).map { s in (0..<d).reduce(0) { $0 + matrix[s * d + $1] * vector[$1] } }
    }
    let alignment = product(after, v)
    let change = zip(alignment, product(before, v)).map { $0 - $1 }
    let expected = alpha.map { $0 * configuration.rate(sample.source) / 2 }
    let square = expected.reduce(0) { $0 + $1 * $1 }
    var values: [Measure: Double] = [
      .alignmentSlope: zip(change, expected).reduce(0) { $0 + $1.0 * $1.1 } / square,
      .signedCorrelation: try pearsonCorrelation(alignment, alpha).estimate,
      .unsignedCorrelation: abs(try pearsonCorrelation(alignment, frequency).estimate),
    ]
    var error = 0.0
    for s in 0..<vocabulary {
      for k in 0..<d { error += pow(after[s * d + k] - before[s * d + k] - expected[s] * v[k], 2) }
    }
    values[.relativeError] = (error / square).squareRoot()
    guard let slope = values[.alignmentSlope], slope.isFinite, error.isFinite else {
      throw DivergenceError(task: SweepTask(sample.source, seed: seed).name, place: "after the step on the embeddings")
    }

    var (flow, state) = try descent(start, embedding, texts.train)
    values[.accuracyBefore] = try accuracy(embedding, start.query, start.output, texts.test)
    var looks: [(step: Int, query: [Double])] = []
    let every = configuration.flow.steps / configuration.flow.looks
    for step in 1...configuration.flow.steps {
      let loss = try flow.run(updating: &state)[0].doubles[0]
      guard loss.isFinite else {
        throw DivergenceError(task: SweepTask(sample.source, seed: seed).name, place: "at step \(step) on the query")
      }
      if step % every == 0 {
        looks.append((step, state[0].doubles))
        values[.queryLoss(at: step)] = loss
      }
    }
    values[.accuracyAfter] = try accuracy(embedding, state[0], start.output, texts.test)
    let query = state[0].doubles
    let norm = query.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let score = product(after, query).map { $0 / norm }
    let difference = zip(alpha, frequency).map { $1 > 0 ? $0 / $1 : 0 }
    let count = frequency.map { ($0 * Double(texts.train.tokens.count)).rounded() }
    measureShape(difference, count, score, into: &values)
    let selection = Selection(texts.train, scores: score)
    let untrained = product(after, start.query.doubles)
    let first = Selection(texts.train, scores: untrained)
    let classes = selection.best(by: alignment)
    let worse = classes[0].share - classes[0].chance < classes[1].share - classes[1].chance ? 0 : 1
    (values[.bestSelection], values[.chanceSelection]) = classes[worse]
    values[.oneSidedBest] = selection.oneSided(by: alignment, difference)
    values[.untrainedSelection] = first.best(by: alignment)[worse].share
    // How much a token tells, by texts that did not train: with the sign of training, so that chance adds nothing.
    let heldOut = zip(
      texts.test.signedFrequencies(vocabulary: vocabulary), texts.test.frequencies(vocabulary: vocabulary))
    let telling = zip(difference, heldOut).map { $1.1 > 0 ? ($0 < 0 ? -1 : 1) * $1.0 / $1.1 : 0 }
    (values[.selectedTelling], values[.chanceTelling]) =
      Selection(texts.test, scores: score).mean(of: telling)
    values[.untrainedTelling] =
      Selection(texts.test, scores: untrained).mean(of: telling).chosen
    if sample.source == .synthetic {
      func solution(_ selection: Selection) -> TokenSelectionSVM {
        TokenSelectionSVM(
          selection.pairs.map { pair in (0..<d).map { after[pair.chosen * d + $0] - after[pair.other * d + $0] } })
      }
      func cosine(_ p: [Double], _ svm: TokenSelectionSVM) -> Double {
        let dot = zip(p, svm.solution).reduce(0) { $0 + $1.0 * $1.1 }
        let lengths = [p, svm.solution].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return svm.isConverged ? dot / (lengths[0] * lengths[1]) : .nan
      }
      let svm = solution(selection)
      values[.marginViolation] = svm.violation
      values[.marginConstraints] = Double(selection.pairs.count)
      values[.untrainedCosine] = cosine(start.query.doubles, solution(first))
      for (step, p) in looks { values[.cosine(at: step)] = cosine(p, svm) }
      for (step, p) in looks {
        let scores = product(after, p)
        values[.labelAttention(at: step)] = Selection.mass(
          texts.train, scores, important: 2 * configuration.synthetic.labelTokens)
      }
    }
    return Outcome(
      values: values, words: sample.words, signedFrequency: alpha, difference: difference, alignment: alignment,
      score: score, count: count,
      selected: (0..<vocabulary).map { Double(selection.counts[$0] ?? 0) })
  }

  /// Descent on the query with steps of one length in the gradient's direction: query, embeddings, output vector, tokens
  /// and labels, of which the query is donated; the other result is the loss.
  private func descent(
    _ start: (embedding: NDArray, query: NDArray, output: NDArray), _ embedding: NDArray, _ texts: TokenTexts
  ) throws -> (program: Program, state: [NDArray]) {
    let (tokens, labels) = arrays(texts)
    let state = [start.query, embedding, start.output, tokens, labels]
    let length = configuration.stepLength(sample.source)
    let program = try Program(inputs: state.map { TensorType(of: $0) }, donating: [0: 0]) { _, x in
      let f = embeddingAttention(embedding: x[1], query: x[0], output: x[2], tokens: x[3])
      let loss = logisticLoss(f, labels: x[4])
      let slope = gradients(of: loss, withRespectTo: [x[0]])[0]
      return [x[0] - length * slope * rsqrt(slope.squared.sum() + 1e-300), loss]
    }
    return (program, state)
  }

  /// A guess at the time of one step on the query.
  func secondsPerStep() throws -> Double {
    let start = start()
    var (program, state) = try descent(start, start.embedding, sample.train)
    _ = try program.run(updating: &state)
    let begin = Date()
    for _ in 0..<10 { _ = try program.run(updating: &state) }
    return Date().timeIntervalSince(begin) / 10
  }

  private func accuracy(_ e: NDArray, _ p: NDArray, _ v: NDArray, _ texts: TokenTexts) throws -> Double {
    let inputs = [e, p, v, arrays(texts).tokens]
    let f = try Program(inputs: inputs.map { TensorType(of: $0) }) { _, x in
      [embeddingAttention(embedding: x[0], query: x[1], output: x[2], tokens: x[3])]
    }.run(inputs)[0].doubles
    return Double(zip(f, texts.labels).count { $0 * $1 > 0 }) / Double(texts.count)
  }

  /// Mean scores of the most positive and the most negative tenth of tokens, and of the half between that is least either.
  /// Rare tokens, which look telling by chance, are left out.
  private func measureShape(
    _ difference: [Double], _ count: [Double], _ score: [Double], into values: inout [Measure: Double]
  ) {
    let fewest = Double(configuration.cut(sample.source).fewest)
    let seen = difference.indices.filter { count[$0] >= fewest }.sorted { difference[$0] < difference[$1] }
    values[.judgedTokens] = Double(seen.count)
    let tenth = sample.source == .synthetic ? configuration.synthetic.labelTokens : max(1, seen.count / 10)
    func mean(_ tokens: some Collection<Int>) -> Double {
      tokens.reduce(0) { $0 + score[$1] } / Double(max(tokens.count, 1))
    }
    values[.negativeScore] = mean(seen.prefix(tenth))
    values[.positiveScore] = mean(seen.suffix(tenth))
    values[.neutralScore] = mean(seen.sorted { abs(difference[$0]) < abs(difference[$1]) }.prefix(seen.count / 2))
  }
}

/// A descent left the finite numbers.
struct DivergenceError: Error, CustomStringConvertible {
  var task: String
  var place: String
  var description: String { "\(task): numbers are not finite \(place); lower the rate, or the length of a step" }
}
