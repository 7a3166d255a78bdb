import Datasets
import Diagnostics
import Differentiation
import Experiments
import Foundation
import Models
import TestSupport
import Testing
import Training

@Suite struct TrainedEmbeddingAttentionTests {
  private let configuration = TrainedEmbeddingAttentionExperiment.presets[0].configuration

  private func sample(_ seed: Int) throws -> TokenSample {
    try TokenCorpus(.synthetic, configuration, DataLocator()).sample(seed)
  }

  /// -grad_{E_s} L = (1/n) sum_i h_i sum_{j: x_ij = s} q_ij (v + (v . E_s - f_i) p), h_i = y_i sigma(-y_i f_i).
  @Test func theFirstStepIsTheClosedForm() throws {
    let corpus = try sample(3)
    let task = TrainedEmbeddingAttentionTask(configuration, corpus, seed: 3)
    let start = task.start()
    let texts = corpus.train
    let stepped = try task.stepped(start, on: texts).doubles
    let (e, p, v) = (start.embedding.doubles, start.query.doubles, start.output.doubles)
    let (d, n) = (configuration.width, texts.count)
    func dot(_ s: Int, _ x: [Double]) -> Double { (0..<d).reduce(0) { $0 + e[s * d + $1] * x[$1] } }
    let (scores, values) = (corpus.words.indices.map { dot($0, p) }, corpus.words.indices.map { dot($0, v) })
    var expected = e
    for text in 0..<n {
      let tokens = (0..<texts.length).map { Int(texts.tokens[text * texts.length + $0]) }
      let weights = tokens.map { exp(scores[$0]) }
      let total = weights.reduce(0, +)
      let f = zip(tokens, weights).reduce(0) { $0 + $1.1 / total * values[$1.0] }
      let y = texts.labels[text]
      let h = y / (1 + exp(y * f))
      for (s, w) in zip(tokens, weights) {
        for k in 0..<d {
          expected[s * d + k] +=
            configuration.synthetic.rate * h / Double(n) * w / total * (v[k] + (values[s] - f) * p[k])
        }
      }
    }
    let worst = zip(stepped, expected).map { abs($0 - $1) }.max()!
    // A step adds up every text.
    #expect(worst < rounding(terms: Double(n * texts.length), scale: expected.map { abs($0) }.max()!))
  }

  @Test func theModelHasDerivatives() throws {
    let key = RandomKey(seed: 1)
    let tokens = NDArray([0, 1, 2, 2, 3, 0].map { Int32($0) }, shape: [2, 3])
    let function: TracedFunction = { graph, x in
      [embeddingAttention(embedding: x[0], query: x[1], output: x[2], tokens: graph.constant(tokens))]
    }
    let inputs = [key.normal([4, 3], .float64), key.normal([3], .float64), key.split("v").normal([3], .float64)]
    for order in [1, 2] {
      #expect(
        try GradientCheck.worstError(of: function, at: inputs, order: order) < GradientCheck.tolerance(order: order))
    }
  }

  @Test func signedFrequenciesAreCounted() {
    let texts = TokenTexts(tokens: [0, 0, 1, 1, 2, 2], labels: [1, -1], length: 3)
    let expected = [2.0 / 6, 0, -2.0 / 6]
    #expect(zip(texts.signedFrequencies(vocabulary: 3), expected).allSatisfy { abs($0 - $1) < rounding(terms: 4) })
  }

  /// p . (1, 0) >= 1 and p . (0, 2) >= 1 have the solution (1, 1/2); a constraint that is slack changes nothing.
  @Test func theHardMarginProblemIsSolved() {
    let svm = TokenSelectionSVM([[1, 0], [0, 2], [5, 5]], tolerance: 1e-9)
    #expect(svm.isConverged)
    // Both hold with equality, to what the solver may leave and rounding.
    let left = 1e-9 + rounding(terms: 4)
    #expect(abs(svm.solution[0] - 1) < left && abs(2 * svm.solution[1] - 1) < left)
    #expect(svm.multipliers[2] == 0)
    // Two equal embeddings have a margin of 0.
    #expect(!TokenSelectionSVM([[1, 0], [0, 0]]).isConverged)
    // Opposite demands cannot both be met.
    #expect(!TokenSelectionSVM([[1, 0], [-1, 0]], longest: 500).isConverged)
  }

  @Test func theSolutionMeetsTheConditions() {
    let key = RandomKey(seed: 9)
    // Feasible by construction: every row has a positive product with one direction.
    let rows = (0..<40).map { i -> [Double] in
      var row = key.split(i).normal(count: 12)
      if row[0] < 0 { row[0] = -row[0] }
      row[0] += 0.2
      return row
    }
    let left = 1e-8  // what the solver may leave of a constraint
    let svm = TokenSelectionSVM(rows, tolerance: left)
    #expect(svm.isConverged)
    var combined = [Double](repeating: 0, count: 12)
    // Without a duality gap the squared length is the sum of the multipliers.
    let square = svm.solution.reduce(0) { $0 + $1 * $1 }
    // With p = Rᵀ l, |p|² - sum l is the sum of l (p . r - 1): each multiplier times what is left of its constraint.
    let total = svm.multipliers.reduce(0, +)
    let exact = rounding(terms: drift(of: 40 * 12 * svm.passes), scale: square)
    #expect(abs(square - total) <= left * total + exact)
    // What the solver says of itself is what its solution does, however early it ends.
    for solver in [svm, TokenSelectionSVM(rows, tolerance: left, longest: 3)] {
      let worst = zip(rows, solver.multipliers).map { row, l -> Double in
        let excess = 1 - zip(row, solver.solution).reduce(0) { $0 + $1.0 * $1.1 }
        return l > 0 ? abs(excess) : excess
      }.max()!
      #expect(
        abs(worst - solver.violation) < rounding(terms: 40 * 12, scale: 40) && solver.isConverged == (worst <= left))
    }
    for (row, l) in zip(rows, svm.multipliers) {
      let margin = zip(row, svm.solution).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(margin >= 1 - left - exact && l >= 0)
      #expect(l == 0 || abs(margin - 1) <= left + exact)
      for k in 0..<12 { combined[k] += l * row[k] }
    }
    #expect(zip(combined, svm.solution).map { abs($0 - $1) }.max()! < exact)
  }

  /// Two positive and two negative texts of the tokens -2, -1, 1, 2 (by what they speak for).
  @Test func selectionIsMeasuredByClass() {
    let values = [-2.0, -1, 1, 2]
    let texts = TokenTexts(tokens: [3, 0, 1, 3, 2, 2, 0, 2, 3, 1, 1, 2], labels: [1, 1, -1, -1], length: 3)
    // Along v: right in both positive texts, in no negative one. A random position of a positive text holds the best
    // token in 1/3 of cases, of a negative one in 1/3 and 2/3.
    let along = Selection(texts, scores: values)
    let (negative, positive) = (along.best(by: values)[0], along.best(by: values)[1])
    #expect(negative.share == 0 && abs(negative.chance - 0.5) < rounding(terms: 4))
    #expect(positive.share == 1 && abs(positive.chance - 1.0 / 3) < rounding(terms: 4))
    // What tells most, whatever it speaks for.
    let telling = Selection(texts, scores: [2, 1.5, 1, 2.5])
    #expect(telling.best(by: values).map(\.share) == [0.5, 1] && telling.counts == [3: 3, 1: 1])
    let mean = telling.mean(of: values.map(abs))
    #expect(abs(mean.chosen - 7.0 / 4) < rounding(terms: 4) && abs(mean.chance - 17.0 / 12) < rounding(terms: 12))
    // One text's best token, 1, occurs in both classes.
    #expect(along.oneSided(by: values, [-1, -1, 0, 1]) == 1 && along.oneSided(by: values, [-1, 0, 0, 1]) == 0.75)
    #expect(along.pairs.contains { $0.chosen == 3 && $0.other == 0 })
    #expect(Set(along.pairs).count == along.pairs.count && along.pairs.allSatisfy { $0.chosen != $0.other })
  }

  /// Sentences in a file become texts of one length with their class; no two samples have a sentence in common, nor the
  /// training and the test texts of one.
  @Test func sentencesBecomeTexts() throws {
    let folder = NSTemporaryDirectory() + "descent-corpus-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/movie-sentences", withIntermediateDirectories: true)
    // Each sentence has a word of its own, which occurs often enough to be known.
    let lines = (0..<300).map {
      "\($0)\t\($0 % 2 == 0 ? 2.0 : -1.5)\t\($0 % 2 == 0 ? "good" : "bad") word\($0) word\($0) film"
    }
    try Data((["id\tsentiment\ttext"] + lines).joined(separator: "\r\n").utf8).write(
      to: URL(fileURLWithPath: folder + "/movie-sentences/movieReviewSnippets_GroundTruth.txt"))
    var c = configuration
    c.data.names = ["movie-sentences"]
    c.seeds.count = 3
    (c.sentences.train, c.sentences.test, c.sentences.length, c.sentences.fewest) = (20, 10, 2, 2)
    let corpus = try TokenCorpus(.movieSentences, c, DataLocator(directory: folder))
    var known: Set<String> = []
    for seed in 0..<3 {
      let sample = try corpus.sample(seed)
      #expect(sample.train.count == 20 && sample.test.count == 10 && sample.train.length == 2)
      for text in 0..<20 {
        let words = (0..<2).map { sample.words[Int(sample.train.tokens[2 * text + $0])] }
        #expect(words[0] == (sample.train.labels[text] > 0 ? "good" : "bad") && words[1].hasPrefix("word"))
        #expect(known.insert(words[1]).inserted)
      }
      // Words of test texts alone are unknown, and the next one takes their place.
      for text in 0..<10 {
        #expect(sample.words[Int(sample.test.tokens[2 * text + 1])] == "film")
      }
    }
    // A seed that chooses settings has none of these texts.
    c.sentences.train = 6
    c.sentences.test = 3
    let other = try TokenCorpus(.movieSentences, c, DataLocator(directory: folder)).sample(1000)
    #expect(other.words.allSatisfy { !known.contains($0) })
    c.sentences.train = 100
    let error = #expect(throws: DatasetError.self) {
      try TokenCorpus(.movieSentences, c, DataLocator(directory: folder)).sample(0)
    }
    #expect(error?.description.contains("texts of 2 known words to train in a seed's share, and not 100") == true)
  }

  @Test func settingsThatCannotBeAreRefused() {
    var bad = configuration
    bad.data.names = ["yelp"]
    #expect(throws: SettingsError.self) { try bad.check() }
    bad = configuration
    bad.sentences.neutral = .nan
    #expect(throws: SettingsError.self) { try bad.check() }
    bad = configuration
    bad.flow.length = .nan
    #expect(throws: SettingsError.self) { try bad.check() }
  }
}
