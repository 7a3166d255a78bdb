import Compilation
import LanguageModels
import MetaLearning
import Training

/// The outer gradient through one step, taken apart: with g that of first order and H the Hessian of the context's loss,
/// it is (1 - rate H) g.
package struct OuterGradient {
  private let program: Program
  private let weights: Tree<NDArray>
  private let names: [String]

  package init(
    _ ground: PromptingGround, _ inner: GradientPromptingConfiguration.Inner, like task: Tree<NDArray>
  ) throws {
    let (prompted, moving, names) = (ground.prompted, ground.moving, task.paths)
    let (paths, n, rate) = (ground.weights.paths, ground.weights.count, inner.rate)
    (weights, self.names) = (ground.weights, names)
    func loop(_ derivative: InnerLoop.Derivative) throws -> InnerLoop {
      try InnerLoop(Chain { LearningRate(rate) }, derivative: derivative, moving: .matching(moving))
    }
    let (exact, first) = (try loop(.exact), try loop(.firstOrder))
    program = try Program(inputs: ground.weights.types.leaves + task.types.leaves) { _, x in
      let all = Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<n])))
      let inputs = Tree(sortedPaths: names, leaves: Array(x[n...]))
      let given = PromptedDecoder.Inputs(
        PromptingGround.names(of: prompted.decoder).map { inputs["task/" + $0]! }, of: prompted.decoder)
      let learnt = Parameters(all.tree.filter { path, _ in ground.isLearnt(path) })
      let rest = all.tree.filter { path, _ in !ground.isLearnt(path) }
      func outer(_ loop: InnerLoop) throws -> Updates {
        let value = try MetaObjective(loop).loss(at: Parameters(learnt.tree.merging(rest))) {
          try prompted.contextLoss(given, $0)
        } query: {
          AdaptedLoss.distillation(
            try prompted.answerLogits(given, $0), teacher: inputs["teacher"]!, weights: given.weights)
        }
        return gradients(of: value, withRespectTo: learnt)
      }
      let (whole, plain) = (try outer(exact), try outer(first))
      // H g, of the parameters that the step moves, with respect to all that are learnt.
      let moved = Parameters(learnt.tree.filter { path, _ in PathPattern(moving).matches(path) })
      let others = learnt.tree.merging(rest).filter { path, _ in !PathPattern(moving).matches(path) }
      let slope = gradients(
        of: try prompted.contextLoss(given, Parameters(moved.tree.merging(others))), withRespectTo: moved)
      let part = Updates(plain.tree.filter { path, _ in PathPattern(moving).matches(path) })
      let curvature = gradients(of: dot(slope, part.stoppingGradient), withRespectTo: learnt)
      let second = -rate * curvature
      return [(whole - (plain + second)).norm, second.norm, whole.norm]
    }
  }

  /// How far both are apart, relative to the second-order part, and this part relative to the whole.
  package func compare(_ task: Tree<NDArray>) throws -> (error: Double, share: Double) {
    let norms = try program.run(weights.leaves + task.leaves).map(\.item)
    return (norms[0] / norms[1], norms[1] / norms[2])
  }
}
