import Compilation
import Datasets
import Foundation
import MetaLearning
import Models
import TestSupport
import Testing

@Suite struct KnownCaseTests {
  private let model = MLP([1, 40, 40, 1])
  private let tasks = SinusoidTasks()

  /// Mean query loss over held-out waves after so many steps.
  private func losses(_ parameters: Tree<NDArray>, _ steps: [Int], rate: Double = 0.01) throws -> [Double] {
    let paths = parameters.paths
    let program = try Program(inputs: parameters.types.leaves + tasks.types()) { _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count])))
      let task = Array(x[paths.count...])
      return try steps.map { count in
        let adapted = try InnerLoop(Chain { LearningRate(rate) }, steps: count).adapt(point) {
          LossFunction.squaredError(try model(task[0], $0).output, task[1])
        }
        return LossFunction.squaredError(try model(task[2], adapted).output, task[3])
      }
    }
    var sums = [Double](repeating: 0, count: steps.count)
    for index in 0..<200 {
      let results = try program.run(parameters.leaves + tasks.task(RandomKey(seed: 99).split(index)))
      for (position, result) in results.enumerated() { sums[position] += result.item / 200 }
    }
    return sums
  }

  private func trained(_ objective: MetaObjective, _ chain: String, steps: Int, batch: Int = 5) throws -> Tree<NDArray>
  {
    let start = try model.initialParameters(key: RandomKey(seed: 1))
    let method = GradientDescent(try Chain(chain))
    let inputs = try Objective.taskInputs(Array(repeating: tasks.types(), count: batch))
    let descent = try TrainingStep(
      .metaLearning(objective, of: model, .squaredError, tasks: batch), method: method, inputs: inputs,
      from: try TrainingState(startingFrom: start, method: method), key: RandomKey(seed: 2))
    for step in 0..<steps {
      let key = RandomKey(seed: 7).split(step)
      try descent.advance(try Objective.taskInputs((0..<batch).map { tasks.task(key.split($0)) }))
    }
    return descent.state.parameters
  }

  /// Finn, Abbeel, Levine 2017, figure 3: after meta-training one step at the rate 0.01 helps a lot and ten help more,
  /// where a start that was not trained for it gains little from them.
  @Test func sinusoidsAreLearntInOneStep() throws {
    let inner = try InnerLoop(Chain { LearningRate(0.01) })
    let maml = try losses(try trained(.maml(inner), "clip 10 | adam | rate 0.002", steps: 1500), [0, 1, 10])
    let plain = try losses(try model.initialParameters(key: RandomKey(seed: 1)), [0, 1, 10])
    // Joint training without inner steps: the same data, no learning to learn (their "pretrained" baseline).
    let none = try InnerLoop(Chain { LearningRate(0.01) }, steps: 0)
    let joint = try losses(try trained(.maml(none), "clip 10 | adam | rate 0.002", steps: 1500), [0, 1, 10])
    #expect(maml[1] < 0.5 * maml[0] && maml[2] < maml[1], "\(maml)")
    #expect(maml[1] < 0.6 * joint[1] && maml[1] < 0.6 * plain[1], "\(maml) \(joint) \(plain)")
  }

  @Test func fewShotTasksHoldWhatTheySay() throws {
    let images = (0..<60).flatMap { index in [UInt8](repeating: UInt8(index), count: 4) }
    let dataset = Dataset(
      name: "small", features: .images(images, height: 2, width: 2, channels: 1),
      targets: .classes((0..<60).map { Int32($0 % 5) }), classNames: ["a", "b", "c", "d", "e"])
    let tasks = try FewShotTasks(dataset, classes: [1, 3, 4], ways: 2, shots: 3, queries: 4)
    for index in 0..<20 {
      let task = tasks.task(RandomKey(seed: 1).split(index))
      #expect(zip(task, tasks.types).allSatisfy { TensorType(of: $0) == $1 })
      let number = { (array: NDArray, row: Int) in Int((array[flat: 4 * row] * 255).rounded()) }
      // Of each way, all examples are of one class of the three, and none is in both halves.
      let support = (0..<6).map { number(task[0], $0) }
      let query = (0..<8).map { number(task[2], $0) }
      let classes = [
        Set((support[0..<3] + query[0..<4]).map { $0 % 5 }), Set((support[3..<6] + query[4..<8]).map { $0 % 5 }),
      ]
      #expect(classes.allSatisfy { $0.count == 1 && [1, 3, 4].contains($0.first!) } && classes[0] != classes[1])
      #expect(Set(support).isDisjoint(with: query))
      #expect(task[1].integers == [0, 0, 0, 1, 1, 1])
    }
    #expect { try FewShotTasks(dataset, classes: [1], ways: 2, shots: 1, queries: 1) } throws: {
      "\($0)".contains("cannot be drawn from 1 classes")
    }
    #expect { try FewShotTasks(dataset, classes: [1, 2], ways: 2, shots: 10, queries: 5) } throws: {
      "\($0)".contains("12 examples, fewer than 15")
    }
  }

  @Test func lossesOfAnswers() throws {
    let key = RandomKey(seed: 1)
    let (student, teacher) = (key.split(1).normal([2, 3], .float64), key.split(2).normal([2, 3], .float64))
    let (labels, weights) = (NDArray([2, 0] as [Int32]), NDArray([1.0, 0.5] as [Float]))
    let results = try Program(inputs: [student, teacher, labels, weights].map { TensorType(of: $0) }) { _, x in
      let divergence = AdaptedLoss.distillation(x[0], teacher: x[1], weights: x[3])
      return [
        divergence, AdaptedLoss.distillation(x[1], teacher: x[1], weights: x[3]),
        AdaptedLoss.labels(x[0], labels: x[2], weights: x[3]), gradients(of: divergence, withRespectTo: [x[1]])[0],
      ]
    }.run([student, teacher, labels, weights])
    func softmaxed(_ array: NDArray, _ row: Int) -> [Double] {
      let raised = (0..<3).map { exp(array[flat: 3 * row + $0]) }
      return raised.map { $0 / raised.reduce(0, +) }
    }
    var (divergence, loss) = (0.0, 0.0)
    for (row, weight) in [1, 0.5].enumerated() {
      let (p, q) = (softmaxed(teacher, row), softmaxed(student, row))
      divergence += weight * zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
      loss -= weight * log(q[[2, 0][row]])
    }
    #expect(abs(results[0].item - divergence) < rounding(terms: 30, scale: 4))
    #expect(abs(results[1].item) < rounding(terms: 30))
    #expect(abs(results[2].item - loss) < rounding(terms: 30, scale: 4))
    #expect(results[3].doubles.allSatisfy { $0 == 0 })
  }
}
