import Diagnostics

/// Watches the loss itself: from before the first update, and within epochs where `every` says so.
final class LossWatch: Watch {
  private let probe: RiskProbe
  private let (train, validation): (ExampleArrays, ExampleArrays)
  private let shares: [String: Double]

  init(_ site: WatchSite, count: Int) throws {
    let loss = site.loss
    probe = RiskProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
    train = site.examples(site.train, count, "loss/train")
    validation = site.examples(site.validation, count, "loss/validation")
    shares = site.shares(of: count)
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    probe.modelState = trainer.state.modelState
    let parameters = trainer.state.parameters
    let losses = [
      "train": try probe.risk(parameters, on: train), "validation": try probe.risk(parameters, on: validation),
    ]
    return losses.merging(shares) { $1 }
  }
}
