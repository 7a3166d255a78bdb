import Compilation
import Foundation
import Reinforcement
import TestSupport
import Testing

/// One state, a reward of 1, cut after ten steps.
struct Constant: SimpleEnvironment {
  let name = "constant"
  let observationSpace = Box(count: 1)
  let actionSpace = ActionSpace.continuous(Box(count: 1, from: -1, to: 1))
  func initialState(key: RandomKey) -> [Float] { [1] }
  func observation(of state: [Float]) -> [Float] { state }
  func step(_ state: inout [Float], action: [Float]) -> StepOutcome { StepOutcome(reward: 1) }
}

/// Says which of three lamps is lit.
struct Lamps: SimpleEnvironment {
  let name = "lamps"
  let observationSpace = Box(count: 3, from: 0, to: 1)
  let actionSpace = ActionSpace.discrete(3)
  func initialState(key: RandomKey) -> [Float] {
    let lit = key.integers(count: 1, below: 3)[0]
    return (0..<3).map { $0 == lit ? 1 : 0 }
  }
  func observation(of state: [Float]) -> [Float] { state }
  func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    StepOutcome(reward: state[Int(action[0])], isTerminal: true)
  }
}

/// Halves its one weight twice a cycle.
struct Halving: OffPolicyMethod {
  static let name = "halving"
  var updatesPerCycle: Int { 1 }
  var discount: Double { 0.9 }
  private var network: LearnedNetwork {
    LearnedNetwork("actor", memory: "memory", target: "target", optimizer: "rate 0.25")
  }
  func validate() throws {}
  func initialState(_ task: ControlTask, key: RandomKey) throws -> Tree<NDArray> {
    var state = Tree<NDArray>()
    try state.add(network, startingAt: ["weight": NDArray(Float(1))])
    return state
  }
  func cycle(_ update: inout CycleUpdate, _ task: ControlTask, batches: [TransitionBatch]) throws {
    for tag in ["before", "between"] {
      let weight = update.network("actor")["weight"]!
      update.read(tag, weight)
      try update.descend(network, weight.squared, key: 0)
    }
    update.follow(network, rate: 0.5)
  }
  func exploringAction(
    _ state: Tree<Tensor>, _ task: ControlTask, _ observations: Tensor, noise: Tensor, key: Tensor
  ) throws -> Tensor { observations }
  func action(_ actor: Parameters, _ task: ControlTask, _ observations: Tensor) throws -> Tensor { observations }
}

/// A small and quick run.
func quickSchedule(_ environments: Int = 4, updates: Double = 4) -> OffPolicySchedule {
  var schedule = OffPolicySchedule()
  schedule.environments = environments
  schedule.updatesPerStep = updates
  (schedule.batch, schedule.capacity, schedule.warmup) = (32, 2_000, 64)
  return schedule
}

func quickMethod(_ change: (inout TD3) -> Void = { _ in }) -> TD3 {
  var method = TD3()
  method.hidden = [16, 16]
  change(&method)
  return method
}

@Suite struct LearningTests {
  private let key = RandomKey(seed: 7)

  // MARK: The buffer

  /// Trap 8: a ring of 10 after 3 x 4 transitions holds the last ten.
  @Test func theBufferWrapsAround() throws {
    var buffer = try ReplayBuffer(capacity: 10, observationCount: 1, actionCount: 1, lanes: 4, discount: 0.9)
    for push in 0..<3 {
      let rows = NDArray((0..<4).map { Float(4 * push + $0) }, shape: [4, 1])
      buffer.add(
        states: rows, actions: rows, rewards: rows.reshaped(to: [4]), next: rows, terminated: .zeros([4], .bool),
        truncated: .zeros([4], .bool))
    }
    #expect(buffer.count == 10 && buffer.added == 12)
    #expect(buffer.states.floats.sorted() == (2..<12).map { Float($0) })
    let drawn = buffer.sample(400, key: key).floats
    let rows = stride(from: 0, to: drawn.count, by: 5).map { Array(drawn[$0..<$0 + 5]) }
    #expect(Set(rows.map { $0[0] }) == Set((2..<12).map { Float($0) }))
    for row in rows { #expect(row == [row[0], row[0], row[0], 0.9, row[0]]) }
  }

  /// Sums of three rewards, by hand: an end drops the discount, a cut keeps it, both let what waits go early.
  @Test func rewardsOfSeveralStepsAddUp() throws {
    for isCut in [false, true] {
      var buffer = try ReplayBuffer(
        capacity: 10, observationCount: 1, actionCount: 1, lanes: 1, discount: 0.5, steps: 3)
      for step in 0..<5 {
        let row = NDArray([Float(step)], shape: [1, 1])
        let isLast = step == 4
        buffer.add(
          states: row, actions: row, rewards: NDArray([Float(1 << step)]),
          next: NDArray([Float(step + 1)], shape: [1, 1]),
          terminated: NDArray([isLast && !isCut]), truncated: NDArray([isLast && isCut]))
      }
      #expect(buffer.count == 5)
      // 1 + 2/2 + 4/4 and so on.
      let sums: [Float] = [3, 6, 12, 16, 16]
      #expect(Array(buffer.rewards.floats[..<5]) == sums)
      let discounts: [Float] = isCut ? [0.125, 0.125, 0.125, 0.25, 0.5] : [0.125, 0.125, 0, 0, 0]
      #expect(Array(buffer.discounts.floats[..<5]) == discounts)
      #expect(Array(buffer.nextStates.floats[..<5]) == [3, 4, 5, 5, 5])
    }
  }

  @Test func aBufferWithWaitingRewardsIsSaved() throws {
    func filled(_ range: Range<Int>, _ buffer: inout ReplayBuffer) {
      for step in range {
        let row = NDArray([Float(step), Float(-step)], shape: [2, 1])
        buffer.add(
          states: row, actions: row, rewards: NDArray([Float(step), 1]), next: row,
          terminated: NDArray([step % 4 == 3, false]), truncated: NDArray([false, step % 5 == 4]))
      }
    }
    var whole = try ReplayBuffer(capacity: 12, observationCount: 1, actionCount: 1, lanes: 2, discount: 0.9, steps: 3)
    var part = whole
    filled(0..<9, &whole)
    try part.restore(whole.snapshot)
    filled(9..<20, &whole)
    filled(9..<20, &part)
    #expect(part.snapshot == whole.snapshot)
  }

  // MARK: Traps of actions

  /// Trap 3 and 4: warm-up actions fill the bounds, exploring ones keep to them, and what is kept is what was done.
  @Test func actionsAreExecutedAsTheyAreKept() throws {
    var schedule = quickSchedule()
    (schedule.noise, schedule.lastNoise, schedule.warmup) = (5, 5, 200)
    let training = try OffPolicyTraining(quickMethod(), in: Copies(Counter()), schedule: schedule, key: key)
    var executed: [Float] = []
    for _ in 0..<100 {
      try training.advance()
      executed += training.copies.rewards.floats  // the counter pays the action
    }
    #expect(executed == Array(training.buffer.actions.floats[..<400]))
    #expect(executed.allSatisfy { abs($0) <= 2 })
    #expect(executed[..<200].contains { $0 > 1.8 } && executed[..<200].contains { $0 < -1.8 })
    // Noise of deviation 5 half ranges is mostly cut.
    #expect(executed[200...].filter { abs($0) == 2 }.count > 100)
  }

  /// Traps 5 and 6: noise on target actions differs by row, is cut at the bounds, and leaves them to nobody.
  @Test(arguments: [Float(1), 0.4]) func targetActionsAreSmoothedWithinBounds(_ bound: Float) throws {
    let program = try Program(inputs: [TensorType([1000, 1]), TensorType([2], .int32)]) { _, x in
      [TD3().smoothed(x[0], Box(count: 1, from: -bound, to: bound), key: x[1])]
    }
    let actions = try program.run([NDArray(repeating: 0.95 * Double(bound), shape: [1000, 1]), key.array])[0].floats
    #expect(Set(actions).count > 300 && actions.max()! == bound && actions.min()! < 0.75 * bound)
    // Noise above 0.05 at a deviation of 0.2: 1 - Phi(0.25) = 0.401, +- 4 standard errors of 1000 rows.
    let share = Double(actions.filter { $0 == bound }.count) / 1000
    #expect(abs(share - 0.401) < 4 * (0.4 * 0.6 / 1000).squareRoot())
  }

  /// Trap 7: first actions lie near the middle.
  @Test func firstActionsAreSmall() throws {
    let training = try OffPolicyTraining(TD3(), in: DeconflictionScene.normalized(), key: key)
    let actions = try training.policy().actions(for: key.normal([200, 18])).floats
    #expect(actions.allSatisfy { abs($0) < 0.05 } && actions.contains { $0 != 0 })
  }

  /// Values are one number a row: q = (0, 1) and y = (0, 1) have the loss 0, where [2] - [2, 1] would have 0.5.
  @Test func valuesHaveNoAxisOfOne() throws {
    let critic = CriticNetwork(inputs: 3, hidden: [4])
    let parameters = try critic.initialParameters(key: key)
    let program = try Program(inputs: parameters.leaves.map { TensorType(of: $0) } + [TensorType([2, 3])]) { _, x in
      let q = try critic(x[4], Parameters(Tree(sortedPaths: parameters.paths, leaves: Array(x[..<4])))).output
      return [q, (q - q).squared.mean()]
    }
    let result = try program.run(parameters.leaves + [key.normal([2, 3])])
    #expect(result[0].shape == [2] && result[1].item == 0)
  }

  // MARK: Learning

  /// Trap 1: a cut episode goes on in value: r / (1 - gamma) = 10, where an end would give 5.26.
  @Test func truncationKeepsTheValue() throws {
    let method = quickMethod {
      ($0.discount, $0.polyak, $0.criticOptimizer) = (0.9, 0.2, "adam | rate 0.01")
    }
    let training = try OffPolicyTraining(
      method, in: TimeLimit(Copies(Constant()), steps: 10), schedule: quickSchedule(), key: key)
    for _ in 0..<400 { try training.advance() }
    let value = try training.policy().values(.ones([1, 1]), .zeros([1, 1]))[0]
    // Two critics' errors of about a percent of 10 remain.
    #expect(abs(value - 10) < 0.5)
  }

  private func errorOfIdentity(_ policy: some Policy) throws -> Double {
    let observations = NDArray((0..<101).map { Float($0) / 50 - 1 }, shape: [101, 1])
    let actions = try policy.actions(for: observations).floats
    return zip(actions, observations.floats).reduce(0) { $0 + Double(abs($1.0 - $1.1)) } / 101
  }

  @Test func identityIsLearnedInAThousandSteps() throws {
    for twin in [true, false] {
      var method = twin ? TD3() : TD3.ddpg
      (method.hidden, method.polyak) = ([32, 32], 0.05)
      (method.actorOptimizer, method.criticOptimizer) = ("adam | rate 0.003", "adam | rate 0.003")
      let training = try OffPolicyTraining(
        method, in: Copies(IdentityTask()), schedule: quickSchedule(4, updates: 8), key: key)
      while training.environmentSteps < 1000 { try training.advance() }
      // Random actions are off by 2/3 on average.
      #expect(try errorOfIdentity(training.policy()) < 0.1, "twin \(twin)")
    }
  }

  @Test func softActorCriticLearnsIdentity() throws {
    var method = SAC()
    (method.hidden, method.polyak, method.firstTemperature) = ([32, 32], 0.05, 0.05)
    (method.actorOptimizer, method.criticOptimizer) = ("adam | rate 0.003", "adam | rate 0.003")
    let training = try OffPolicyTraining(
      method, in: Copies(IdentityTask()), schedule: quickSchedule(4, updates: 8), key: key)
    while training.environmentSteps < 1000 { try training.advance() }
    #expect(try errorOfIdentity(training.policy()) < 0.15)
    #expect(training.readings["actor/temperature"]! < 0.05)
  }

  @Test func proximalPolicyLearnsBothKindsOfActions() throws {
    var method = PPO()
    (method.hidden, method.environments, method.horizon, method.minibatch) = ([16], 8, 32, 64)
    method.optimizer = "clip 0.5 | adam | rate 0.01"
    let lamps = try PPOTraining(method, in: Copies(Lamps()), key: key)
    for _ in 0..<10 { try lamps.advance() }
    let result = try PolicyEvaluation.run(lamps.policy(), in: Copies(Lamps()), episodes: 60, key: key.split("test"))
    #expect(result.meanReturn > 0.95)
    method.entropyWeight = 0
    method.normalizesObservations = true
    let identity = try PPOTraining(method, in: Copies(IdentityTask()), key: key)
    for _ in 0..<40 { try identity.advance() }
    #expect(try errorOfIdentity(identity.policy()) < 0.2)
  }

  /// Against the definition: sums of (gamma lambda)^k times one-step errors until the episode ends.
  @Test func advantagesAreSumsOfErrors() {
    let n = 12
    let lanes = 2
    let r = key.split("r").normal(count: n).map { Float($0) }
    let v = key.split("v").normal(count: n).map { Float($0) }
    let w = key.split("w").normal(count: n).map { Float($0) }
    var terminated = [Bool](repeating: false, count: n)
    var ended = terminated
    (terminated[4], ended[4], ended[7]) = (true, true, true)
    let result = GeneralizedAdvantage.advantages(
      rewards: r, values: v, nextValues: w, terminated: terminated, ended: ended, lanes: lanes, discount: 0.9,
      lambda: 0.8)
    for index in 0..<n {
      var (sum, weight, at) = (Double(0), 1.0, index)
      while at < n {
        sum += weight * (Double(r[at]) + (terminated[at] ? 0 : 0.9 * Double(w[at])) - Double(v[at]))
        if ended[at] { break }
        (weight, at) = (weight * 0.9 * 0.8, at + lanes)
      }
      #expect(abs(Double(result[index]) - sum) < rounding(.float32, terms: 24, scale: 10))
    }
  }

  /// Networks are read as they are at that line, and a target goes half of the way to where its network ended.
  @Test func eachLineOfACycleSeesWhatIsAboveIt() throws {
    let training = try OffPolicyTraining(
      Halving(), in: Copies(IdentityTask()), schedule: quickSchedule(4, updates: 1), key: key)
    while training.updates < 1 { try training.advance() }
    #expect(training.readings == ["before": 1, "between": 0.5])
    #expect(training.state["actor/weight"]!.item == 0.25 && training.state["target/weight"]!.item == 0.625)
  }

  // MARK: Exactness

  /// Trap 10, and an untrained second critic: one key, one result; every network moves.
  @Test func oneKeyIsOneRun() throws {
    func run(_ seed: Int) throws -> OffPolicyTraining<TD3> {
      let training = try OffPolicyTraining(
        quickMethod(), in: TimeLimit(Copies(Pendulum()), steps: 50), schedule: quickSchedule(),
        key: RandomKey(seed: seed))
      while training.updates < 500 { try training.advance() }
      return training
    }
    let (a, b, c) = (try run(1), try run(1), try run(2))
    #expect(a.state == b.state && a.buffer.snapshot == b.buffer.snapshot)
    #expect(a.state != c.state)
    let start = try a.method.initialState(a.task, key: RandomKey(seed: 1).split("networks"))
    for (path, array) in start { #expect(a.state[path]! != array, "\(path) did not move") }
  }

  /// A run that was saved to a file goes on as if it had never stopped, whatever it learns by.
  @Test func aSavedRunGoesOnExactly() throws {
    let folder = NSTemporaryDirectory() + "reinforcement-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func throughFile(_ tree: Tree<NDArray>) throws -> Tree<NDArray> {
      try Safetensors.write(Dictionary(uniqueKeysWithValues: tree.map { ($0, $1) }), to: folder + "/run")
      return Tree(try Safetensors.read(folder + "/run").arrays)
    }
    var schedule = quickSchedule()
    schedule.returnSteps = 3
    let environment = TimeLimit(Copies(Pendulum()), steps: 20)
    func fresh() throws -> OffPolicyTraining<TD3> {
      try OffPolicyTraining(quickMethod(), in: environment, schedule: schedule, key: key)
    }
    let (whole, part) = (try fresh(), try fresh())
    for _ in 0..<40 { try whole.advance() }
    try part.restore(try throughFile(whole.snapshot))
    for _ in 0..<40 {
      try whole.advance()
      try part.advance()
    }
    #expect(whole.snapshot == part.snapshot && whole.readings == part.readings)

    var method = PPO()
    (method.hidden, method.environments, method.horizon, method.epochs) = ([8], 4, 32, 2)
    method.normalizesObservations = true
    let (one, other) = (
      try PPOTraining(method, in: environment, key: key), try PPOTraining(method, in: environment, key: key)
    )
    for _ in 0..<2 { try one.advance() }
    try other.restore(try throughFile(one.snapshot))
    try one.advance()
    try other.advance()
    #expect(one.snapshot == other.snapshot && one.readings == other.readings)
  }

  /// A snapshot that lacks a part, or has one of another shape, type or with nonsense in it, is an error: never a trap, and no
  /// memory is written beyond its end.
  @Test func damagedSnapshotsAreRefused() throws {
    let environment = TimeLimit(Copies(Pendulum()), steps: 20)
    var ppo = PPO()
    (ppo.hidden, ppo.environments, ppo.horizon, ppo.epochs) = ([8], 4, 32, 1)
    let runs: [any ControlLearner] = [
      try OffPolicyTraining(quickMethod(), in: environment, schedule: quickSchedule(), key: key),
      try PPOTraining(ppo, in: environment, key: key),
      try CurriculumTraining(
        quickMethod(),
        from: try OffPolicyTraining(quickMethod(), in: environment, schedule: quickSchedule(), key: key).state,
        in: environment, schedule: quickSchedule(), curriculum: Curriculum(strengths: [0.1], stepsPerStage: 120),
        key: key),
    ]
    for run in runs {
      for _ in 0..<3 { try run.advance() }
      let whole = run.snapshot
      for (path, array) in whole {
        var shape = array.shape.dimensions
        if shape.isEmpty { shape = [2] } else { shape[0] += 1000 }
        let type: ElementType = array.elementType == .float64 ? .float32 : .float64
        for damaged in [nil, NDArray.zeros(Shape(shape), array.elementType), NDArray.zeros(array.shape, type)] {
          var other = whole
          other[path] = damaged
          #expect(throws: ControlError.self, "\(path), \(String(describing: damaged))") { try run.restore(other) }
        }
        if path.hasSuffix("counts") || path.hasSuffix("added") {
          var other = whole
          let isInteger = array.elementType == .int32
          other[path] =
            isInteger
            ? NDArray(Array(repeating: Int32(-5), count: array.count), shape: array.shape)
            : NDArray(Array(repeating: Double.nan, count: array.count), shape: array.shape)
          #expect(throws: ControlError.self, "\(path)") { try run.restore(other) }
        }
      }
      try run.restore(whole)
      #expect(run.snapshot == whole)
    }
  }

  @Test func settingsOutOfRangeAreRefused() throws {
    var schedule = OffPolicySchedule()
    schedule.environments = 0
    #expect(throws: ControlError.self) {
      try OffPolicyTraining(TD3(), in: Copies(Counter()), schedule: schedule, key: key)
    }
    #expect(throws: ControlError.self) { try OffPolicyTraining(TD3(), in: Copies(CartPole()), key: key) }
    let bad: [(inout TD3) -> Void] = [
      { $0.delay = 0 }, { $0.hidden = [] }, { $0.polyak = 0 }, { $0.discount = 1.5 }, { $0.actorOptimizer = "adam" },
      { $0.robust.adversaryShare = 1 }, { $0.robust.attackSteps = -1 }, { $0.robust.attackPlace = .batches },
    ]
    for change in bad {
      #expect(throws: (any Error).self) {
        try OffPolicyTraining(quickMethod(change), in: Copies(Counter()), key: key)
      }
    }
    var method = PPO()
    method.minibatch = 100
    #expect(throws: ControlError.self) { try PPOTraining(method, in: Copies(CartPole()), key: key) }
  }
}
