import Compilation
import Differentiation
import Foundation
import LanguageModels
import Models
import Parameters
import Testing

@Suite struct TaskTests {
  /// A tokenizer in which some names are one token.
  private static func tokenizer() throws -> TextTokenizer {
    var (merges, whole) = ([String](), [String]())
    for name in ["Adam", "Alan", "Anna", "Carl", "Dave", "Emma", "Eric", "Evan", "Fred", "Gary", "Henry", "Jack"] {
      var text = "Ġ"
      for letter in name {
        if !whole.contains(text + String(letter)) {
          merges.append(text + " " + String(letter))
          whole.append(text + String(letter))
        }
        text += String(letter)
      }
    }
    return try TextTokenizer(
      vocabulary: TinyModel.bytes + whole, merges: merges, preTokenizer: .smollm, specials: [])
  }

  @Test func factsAreHeldOutAndReproducible() throws {
    let facts = try FictitiousFacts(try Self.tokenizer(), key: RandomKey(seed: 1))
    let (train, tuning, test) = (Set(facts.names(.train)), Set(facts.names(.tuning)), Set(facts.names(.test)))
    // The twelve, and Eva on the way to Evan.
    #expect(train.count == 8 && tuning.count == 2 && test.count == 3 && train.union(tuning).union(test).count == 13)
    #expect(Set(facts.objects(.train) + facts.objects(.tuning)).isDisjoint(with: facts.objects(.test)))
    for kind in FictitiousFacts.Kind.allCases {
      let key = RandomKey(seed: 2)
      let many = facts.examples(50, .test, kind: kind, key: key)
      #expect(facts.examples(20, .test, kind: kind, key: key) == Array(many.prefix(20)))
      for example in many {
        let name = String(example.answer.dropFirst())
        #expect(test.contains(name) && example.context.contains(name) && !example.query.contains(name))
        #expect(!train.contains { example.context.contains($0 + " ") || example.context.contains($0 + ",") })
        #expect(!example.context.contains("{") && !example.query.contains("{"))
        #expect(!facts.objects(.train).contains { example.query.contains(" " + $0 + " ") })
      }
      // A description comes before its name, but in a reversal.
      let first = many[0]
      let place = first.context.range(of: first.answer.dropFirst())!.lowerBound
      let description = first.context.lowercased().range(of: "the ")!.lowerBound
      if kind == .description { #expect(description < place) }
      #expect(Set(many.map(\.query)).count > 10)
      let tasks = facts.tasks(10, .train, kind: kind, key: key)
      #expect(tasks.allSatisfy { $0.answer.count == 1 && $0.group == Int($0.answer[0]) })
    }
    let trainQueries = facts.examples(80, .train, key: RandomKey(seed: 3)).map(\.query)
    #expect(!trainQueries.contains { $0.hasPrefix("I was told") })
    #expect { try FictitiousFacts(try TinyModel.tokenizer(), key: RandomKey(seed: 1)) } throws: {
      "\($0)".contains("names are one token")
    }
  }

  @Test func questionFiles() throws {
    let folder = try TinyModel.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/q.json"
    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    try write(
      """
      {"data": [{"title": "T", "paragraphs": [{"context": "It is red.", "qas": [
        {"question": "What is it?", "id": "1", "answers": [{"text": "red", "answer_start": 6}]},
        {"question": "Why?", "id": "2", "answers": []}]}]}]}
      """)
    let file = try QuestionFile(path)
    #expect(file.passages.count == 1 && file.passages[0].questions.count == 1)
    let tokenizer = try TinyModel.tokenizer()
    let tasks = file.tasks(tokenizer, fitting: TaskShape(context: 30, prompt: 60, answer: 8))
    #expect(tasks.count == 1 && tokenizer.decode(tasks[0].query) == "\nQuestion: What is it?\nAnswer:")
    #expect(tokenizer.decode(tasks[0].answer) == " red")
    #expect(file.tasks(tokenizer, fitting: TaskShape(context: 3, prompt: 60, answer: 8)).isEmpty)
    for (text, hint) in [
      ("[]", "no JSON object"), ("{}", "no list \"data\""), ("{\"data\": [{}]}", "article 0 has no \"paragraphs\""),
      ("{\"data\": [{\"paragraphs\": [{}]}]}", "lacks \"context\""), ("{\"data\": []}", "no question with an answer"),
    ] {
      try write(text)
      #expect { try QuestionFile(path) } throws: { "\($0)".contains(hint) }
    }
  }

  @Test func continuations() throws {
    let tasks = try ContinuationTasks.tasks((0..<25).map { Int32($0) }, TaskShape(context: 6, prompt: 5, answer: 2))
    #expect(tasks.count == 2 && tasks[1].context == [11, 12, 13, 14, 15, 16])
    #expect(tasks[1].query == [17, 18, 19] && tasks[1].answer == [20, 21])
    #expect { try ContinuationTasks.tasks([1], TaskShape(context: 6, prompt: 5, answer: 2)) } throws: {
      "\($0)".contains("too few")
    }
  }

  /// Padding changes no loss and no score, with and without a trunk.
  @Test func paddingIsNotSeen() throws {
    let model = try TinyModel.model()
    let task = ContextTask(context: [5, 6, 7, 8], query: [9, 10], answer: [11, 12], group: 0)
    func measure(_ shape: TaskShape, first: Int) throws -> [Double] {
      let top = first == 0 ? model.decoder : try model.decoder.part(first..<2)
      let trunk = first == 0 ? nil : try model.decoder.part(0..<first)
      let frozen = trunk.map { FrozenTrunk($0, weights: model.parameters(of: $0)) }
      let weights = model.parameters(of: top)
      let prompted = PromptedDecoder(top)
      let arrays = try TaskArrays(task, shape)
      let more = try frozen.map { [try $0.output(arrays.context), try $0.output(arrays.prompt)] } ?? []
      let n = weights.count
      return try Program(inputs: weights.types.leaves + prompted.types(shape)) { _, x in
        let point = Parameters(Tree(sortedPaths: weights.paths, leaves: Array(x[0..<n])))
        let inputs = PromptedDecoder.Inputs(x[n...], of: top)
        let score = prompted.score(inputs, try prompted.answerLogits(inputs, point))
        return [try prompted.contextLoss(inputs, point), score.logProbability, score.isExact]
      }.run(weights.leaves + arrays.all + more).map(\.item)
    }
    let tight = try measure(TaskShape(holding: [task]), first: 0)
    for (shape, first) in [
      (TaskShape(context: 9, prompt: 7, answer: 3), 0), (TaskShape(context: 4, prompt: 6, answer: 2), 1),
    ] {
      for (a, b) in zip(try measure(shape, first: first), tight) { #expect(abs(a - b) < 1e-4 * (1 + abs(b))) }
    }
    // By hand, from the session's logits: the sum over the context, and the answer's two tokens.
    func logProbability(_ tokens: [Int32], _ next: Int32) throws -> Double {
      let logits = try DecoderSession(model).append(tokens).map(Double.init)
      return logits[Int(next)] - log(logits.map { exp($0) }.reduce(0, +))
    }
    let context = try (1..<4).map { try logProbability(Array(task.context.prefix($0)), task.context[$0]) }.reduce(0, +)
    #expect(abs(tight[0] + context) < 1e-3)
    let answer = try logProbability([9, 10], 11) + logProbability([9, 10, 11], 12)
    #expect(abs(tight[1] - answer) < 1e-3)
    #expect { try TaskArrays(task, TaskShape(context: 3, prompt: 9, answer: 2)) } throws: {
      "\($0)".contains("does not fit")
    }
  }

  /// Tasks that are joined have the loss of all contexts together, and the logits of each answer, with and without a trunk.
  @Test(arguments: [0, 1]) func joinedTasks(_ first: Int) throws {
    let model = try TinyModel.model()
    let top = first == 0 ? model.decoder : try model.decoder.part(first..<2)
    let frozen =
      first == 0
      ? nil
      : FrozenTrunk(try model.decoder.part(0..<first), weights: model.parameters(of: try model.decoder.part(0..<first)))
    let (weights, prompted) = (model.parameters(of: top), PromptedDecoder(top))
    let tasks = [
      ContextTask(context: [5, 6, 7, 8], query: [9, 10], answer: [11, 12]),
      ContextTask(context: [20, 21], query: [22], answer: [23]),
      ContextTask(context: [30, 31, 32], query: [33, 34, 35], answer: [36]),
    ]
    let shape = TaskShape(holding: tasks)
    let arrays = try tasks.flatMap { task in
      let arrays = try TaskArrays(task, shape)
      return try arrays.all + (frozen.map { [try $0.output(arrays.context), try $0.output(arrays.prompt)] } ?? [])
    }
    let (n, each) = (weights.count, PromptedDecoder.Inputs.count(top))
    let types = tasks.flatMap { _ in prompted.types(shape) }
    let results = try Program(inputs: weights.types.leaves + types) { _, x in
      let point = Parameters(Tree(sortedPaths: weights.paths, leaves: Array(x[0..<n])))
      let apart = (0..<3).map { PromptedDecoder.Inputs(x[(n + $0 * each)..<(n + ($0 + 1) * each)], of: top) }
      let joined = PromptedDecoder.Inputs(joining: apart)
      let logits = try apart.map { try prompted.answerLogits($0, point) }
      let losses = try apart.map { try prompted.contextLoss($0, point) }
      return [
        try prompted.contextLoss(joined, point), losses[0] + losses[1] + losses[2],
        try prompted.answerLogits(joined, point), concatenate(logits, axis: 0),
      ]
    }.run(weights.leaves + arrays)
    #expect(abs(results[0].item - results[1].item) < 1e-4 * (1 + abs(results[1].item)))
    #expect(results[2].shape == results[3].shape && results[2].shape[0] == 6)
    // Rows of padding are compared, too: they are answers of no weight.
    let largest = zip(results[2].doubles, results[3].doubles).map { abs($0 - $1) }.max()!
    #expect(largest < 1e-3, "\(largest)")
  }

  /// Each condition sees what it should: scores by a scorer whose step raises the context's tokens against scores by
  /// hand.
  @Test func conditions() throws {
    let model = try TinyModel.model()
    let adapter = try LowRankAdapter(rank: 4, blocks: 1..<2, of: model.configuration)
    let decoder = CausalDecoder(model.configuration, adapter: adapter)
    let top = try decoder.part(1..<2)
    let base = model.parameters(of: top)
      .merging(try FineTuner.initialFactors(adapter, model.configuration, key: RandomKey(seed: 1)))
    let trained = base.mapWithPaths { path, array in
      LowRankAdapter.owns(path)
        ? RandomKey(seed: 2).split(path).normal(array.shape, standardDeviation: 0.1) : array
    }
    let tasks = (0..<4).map { index in
      ContextTask(
        context: [Int32(20 + index), 30, Int32(40 + index)], query: [50, 60], answer: [Int32(40 + index)],
        group: index / 2)
    }
    let trunk = try decoder.part(0..<1)
    let scorer = ConditionScorer(
      PromptedDecoder(top), trunk: FrozenTrunk(trunk, weights: model.parameters(of: trunk)),
      shape: TaskShape(holding: tasks), types: base.types
    ) { point, loss in
      let moving = Parameters(point.tree.filter { path, _ in LowRankAdapter.owns(path) })
      let rest = point.tree.filter { path, _ in !LowRankAdapter.owns(path) }
      let slope = gradients(of: try loss(Parameters(moving.tree.merging(rest))), withRespectTo: moving)
      return Parameters(moving.moved(by: -0.5 * slope).tree.merging(rest))
    }
    let scores = try Dictionary(
      uniqueKeysWithValues: PromptCondition.allCases.map {
        ($0, try scorer.scores($0, tasks, $0.isTrained ? trained : base))
      })
    func means(_ condition: PromptCondition) -> Double { scores[condition]!.map(\.logProbability).reduce(0, +) / 4 }
    for (index, task) in tasks.enumerated() {
      func plain(_ tokens: [Int32]) throws -> Double {
        let logits = try DecoderSession(model).append(tokens).map(Double.init)
        return logits[Int(task.answer[0])] - log(logits.map { exp($0) }.reduce(0, +))
      }
      #expect(abs(scores[.noContext]![index].logProbability - (try plain(task.query))) < 1e-3)
      #expect(abs(scores[.prompted]![index].logProbability - (try plain(task.context + task.query))) < 1e-3)
      #expect(scores[.prompted]![index].group == index / 2)
    }
    for (one, other) in [
      (PromptCondition.baseStep, PromptCondition.noContext), (.trainedStep, .noStep),
      (.irrelevantContext, .trainedStep),
      (.noStep, .noContext), (.trainedStep, .baseStep), (.promptedAfterStep, .prompted),
      (.promptedAfterStep, .irrelevantContext),
    ] { #expect(means(one) != means(other)) }
    // An irrelevant context is that of the next task of another group.
    let swapped = (0..<4).map { index in
      ContextTask(
        context: tasks[index < 2 ? 2 : 0].context, query: tasks[index].query, answer: tasks[index].answer,
        group: index / 2)
    }
    #expect(try scorer.scores(.trainedStep, swapped, trained) == scores[.irrelevantContext])
    #expect { try scorer.scores(.irrelevantContext, [tasks[0]], trained) } throws: {
      "\($0)".contains("a task of another group")
    }
  }
}
