import Diagnostics
import Foundation

/// The largest eigenvalue at which a quadratic's descent on all examples at once is stable, at the next update's rate.
///
/// On λ w²/2, v ← β v + g and w ← w - η v are stable for η (λ + decay) < 2 + 2 β, and with Nesterov's step g + β v for
/// η (λ + decay) < (2 + 2 β) / (1 + 2 β).
///
/// Adam and RMSProp divide gradients by p, which is taken as it is now: the eigenvalues are those of the Hessian divided by p.
/// With m ← β m + (1 - β) g and w ← (1 - η decay) w - η m / p they are stable for λ < (2 - η decay) (1 + β) / (η (1 - β)), which is
/// 38 / η for β = 0.9: J. Cohen et al., "Adaptive Gradient Methods at the Edge of Stability", 2022, arXiv 2207.14484, equation 5.
package struct StabilityEdge {
  package let limit: Double
  /// 1 / sqrt(p), in the parameters' types; nil where gradients are not divided.
  package private(set) var scale: Tree<NDArray>?

  /// Nil of methods for which it is not known, at a rate of 0, and of those that divide before their first update.
  package init?(of method: any DescentMethod, at state: TrainingState, _ batches: BatchSequence) {
    guard let descent = method as? GradientDescent else { return nil }
    let chain = descent.transformation as? Chain ?? Chain([descent.transformation])
    var stages = chain.stages[...]
    guard let rate = (stages.popLast() as? LearningRate)?.schedule else { return nil }
    let now = rate.value(
      updates: Double(state.step), samples: Double(state.step * batches.batchSize),
      epochs: Double(state.step) / Double(batches.batchesPerEpoch))
    guard now > 0 else { return nil }
    let isDivided = stages.first is Adam || stages.first is RMSProp
    let divider = isDivided ? stages.popFirst() : nil
    var factor = 2.0
    if !isDivided, let momentum = stages.last as? Momentum {
      factor = (2 + 2 * momentum.decay) / (momentum.nesterov ? 1 + 2 * momentum.decay : 1)
      stages.removeLast()
    }
    var decay = 0.0
    for stage in stages {
      guard let stage = stage as? WeightDecay, stage.excluded.isEmpty else { return nil }
      decay += stage.coefficient
    }
    guard let divider else {
      limit = factor / now - decay
      return
    }
    guard state.step > 0 else { return nil }
    let memory = chain.state(of: 0, in: state.optimizerState)
    let moments: (beta: Double, squares: Tree<NDArray>, correction: Double, epsilon: Double)
    switch divider {
    case let adam as Adam where !adam.nesterov:
      let corrected = 1 - pow(adam.beta2, Double(state.step))
      moments = (adam.beta1, memory.subtree(adam.amsgrad ? "largest" : "second"), corrected, adam.epsilon)
    case let rms as RMSProp: moments = (0, memory.subtree("square"), 1, rms.epsilon)
    default: return nil
    }
    // The mean of the next update is corrected, too.
    let started = moments.beta > 0 ? 1 - pow(moments.beta, Double(state.step + 1)) : 1
    limit = (2 - now * decay) * (1 + moments.beta) / (now * (1 - moments.beta)) * started
    scale = moments.squares.map { squares in
      let roots = squares.doubles.map { ($0 / moments.correction).squareRoot() + moments.epsilon }
      return NDArray(roots.map { 1 / $0.squareRoot() }, shape: squares.shape).converted(to: squares.elementType)
    }
  }
}
