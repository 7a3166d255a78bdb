import Training

// A descent whose batches are computed in parts, on the ranks of an MPI run.
extension TrainingRun {
  /// Descends as another rank than the first, which writes.
  ///
  /// - Throws: `RankError` where rank 0 is lost or ends the run; as `run`.
  package func follow(_ team: RankTeam) throws {
    try meet(team)
    try computing(team) {
      let trainer = try makeTrainer(nil, team)
      while try team.agree(trainer.state, goesOn: true) {
        for _ in 0..<trainer.batches.batchesPerEpoch { _ = try trainer.advance() }
      }
    }
  }

  /// Whether parts and ranks fit, and all ranks do the same.
  func meet(_ team: RankTeam?) throws {
    let shards = settings.shards ?? 1
    guard settings.compress == nil || shards > 1 else {
      throw SettingsError("gradients are compressed between parts of a batch: give --shards, or start several ranks")
    }
    if let compress = settings.compress { _ = try GradientCompression(compress) }
    guard let team else { return }
    guard team.size <= shards else {
      throw SettingsError(
        "each batch has \(shards) part\(shards == 1 ? "" : "s"), so that at most \(shards) of \(team.size) ranks can work"
      )
    }
    var shared = settings
    shared.directory = nil
    try team.meet(settings: try Experiments.Settings.fingerprint(shared), data: settings.data ?? "")
  }

  func computing<Result>(_ team: RankTeam?, _ body: () throws -> Result) rethrows -> Result {
    if let team { try team.computing(body) } else { try body() }
  }

  /// - Parameter state: where rank 0 goes on; nil for the start.
  func makeTrainer(_ state: TrainingState?, _ team: RankTeam?) throws -> Trainer {
    let key = RandomKey(seed: settings.seed)
    let batches = try BatchSequence(
      problem.train, batchSize: min(settings.batch, problem.train.count), key: key.split("batches"),
      augmentation: try settings.augment.map { try Augmentation($0) } ?? .none, normalization: problem.normalization)
    var start = state
    if let team {
      start = try team.share(try state ?? Trainer.initialState(model, method, key.split("training")))
    }
    return try Trainer(
      model: model, loss: descended, method: method, batches: batches, key: key.split("training"), state: start,
      shards: try makeShards(team, key.split("compression")))
  }

  private func makeShards(_ team: RankTeam?, _ key: RandomKey) throws -> RankShards? {
    guard let count = settings.shards, count > 1 else { return nil }
    let compression = try settings.compress.map { try GradientCompression($0) }
    return team?.makeShards(count, compression, key: key) ?? RankShards(count, compression, key: key)
  }

  /// In words, for the account of what is done.
  func partition(_ team: RankTeam?) -> String {
    guard let shards = settings.shards, shards > 1 else { return "" }
    return "; each batch in \(shards) parts" + (team.map { " on \($0.size) ranks" } ?? "")
      + (settings.compress.map { ", gradients by \($0)" } ?? "")
  }
}
