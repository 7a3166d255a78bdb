import Diagnostics

/// Watches the gap between new and training examples, and how much noise on the parameters raises both losses: the
/// flatness term of bounds on the gap is the difference of the rises (see `RiskProbe`).
final class FlatnessWatch: Watch {
  private let probe: RiskProbe
  private let seen: ExampleArrays
  private let new: ExampleArrays
  private let deviation: Double
  private let pairs: Int
  private let key: RandomKey
  private let shares: [String: Double]

  init(_ site: WatchSite, deviation: Double, pairs: Int, count: Int, limit: Double) {
    let loss = site.loss
    probe = RiskProbe(site.model) { output, target in
      let rows = loss.perSample(output, target)
      return limit > 0 ? min(rows, limit) : rows
    }
    seen = site.examples(site.train, count, "flatness/train")
    new = site.examples(site.validation, count, "flatness/validation")
    (self.deviation, self.pairs) = (deviation, pairs)
    key = site.key.split("flatness/noise")
    shares = site.shares(of: count)
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let state = trainer.state
    probe.modelState = state.modelState
    func measure(_ examples: ExampleArrays) throws -> (risk: Double, rise: Double) {
      (
        try probe.risk(state.parameters, on: examples),
        try probe.rise(
          state.parameters, on: examples, deviation: deviation, pairs: pairs, key: key.split(trainer.step))
      )
    }
    let (train, validation) = (try measure(seen), try measure(new))
    let found = [
      "risk/train": train.risk, "risk/validation": validation.risk, "gap": validation.risk - train.risk,
      "rise/train": train.rise, "rise/validation": validation.rise, "term": validation.rise - train.rise,
    ]
    return found.merging(shares) { $1 }
  }
}
