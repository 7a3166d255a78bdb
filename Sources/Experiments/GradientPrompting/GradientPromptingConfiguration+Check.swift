import LanguageModels

extension GradientPromptingConfiguration {
  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.train": data.train, "data.tuning": data.tuning, "data.test": data.test, "data.longest": data.longest,
      "text.shortest": text.shortest, "text.question": text.question, "text.continuation": text.continuation,
      "small.facts": small.facts,
      "small.names": small.names, "small.width": small.width, "small.layers": small.layers,
      "small.updates": small.updates, "small.batch": small.batch, "adapter.rank": adapter.rank,
      "adapter.blocks": adapter.blocks, "inner.steps": inner.steps, "outer.updates": outer.updates,
      "outer.tasks": outer.tasks, "outer.looks": outer.looks,
      "further.updates": further.updates,
    ])
    try require(positive: [
      "small.rate": small.rate, "inner.rate": inner.rate, "outer.rate": outer.rate, "outer.clip": outer.clip,
      "decision.sameMargin": decision.sameMargin, "decision.leakMargin": decision.leakMargin,
    ])
    try require(shares: ["decision.recovered": decision.recovered])
    let limits = FactWorld.limits
    guard small.facts <= limits.facts else {
      throw SettingsError("small.facts must be at most \(limits.facts), not \(small.facts)")
    }
    // An eighth is for tuning, and each fact names two.
    let fewest = 16 * small.facts
    guard small.names >= fewest, small.names <= limits.names else {
      throw SettingsError("small.names must be between \(fewest) and \(limits.names), not \(small.names)")
    }
    try require(
      counts: [
        "small.width": small.width, "small.layers": small.layers, "small.batch": small.batch,
        "adapter.rank": adapter.rank, "outer.tasks": outer.tasks, "inner.steps": inner.steps,
        "text.shortest": text.shortest, "text.question": text.question, "text.continuation": text.continuation,
      ], most: 4096)
    // A context of one token has nothing to predict.
    guard text.shortest >= 2, !readsText || text.shortest <= data.longest else {
      throw SettingsError(
        "text.shortest must be between 2 and data.longest, \(data.longest), and not \(text.shortest)")
    }
    guard small.width % 8 == 0 else { throw SettingsError("small.width must be a multiple of 8, not \(small.width)") }
    guard data.contexts.allSatisfy({ 2...64 ~= $0 }), Set(data.contexts).count == data.contexts.count else {
      throw SettingsError("data.contexts must be between 2 and 64, none of them twice")
    }
    guard !isSmall || data.contexts.allSatisfy({ $0 <= limits.contexts }) else {
      throw SettingsError("data.contexts must be at most \(limits.contexts) in the small world")
    }
    guard data.questions.isEmpty || (!isSmall && data.kinds == [.description]) else {
      throw SettingsError("data.questions is for a pre-trained model, with data.kinds=[\"description\"]")
    }
    guard Set(arms).count == arms.count else { throw SettingsError("arms must not name an arm twice") }
    guard isSmall || !arms.contains(.rankOne) else {
      throw SettingsError(
        "rankOne limits the change of weights, and of a pre-trained model an adapter is learnt: leave it out")
    }
    guard outer.looks <= outer.updates else { throw SettingsError("outer.looks must not exceed outer.updates") }
    guard data.kinds.first == .description, Set(data.kinds).count == data.kinds.count else {
      throw SettingsError("data.kinds must begin with description; reversal and twoFacts may follow, none twice")
    }
    guard !isSmall || !data.kinds.contains(.twoFacts) else {
      throw SettingsError("data.kinds has twoFacts, for a pre-trained model; in the small world that is small.facts=2")
    }
    guard !inner.triedRates.isEmpty, inner.triedRates.allSatisfy({ $0 > 0 && $0.isFinite }),
      Set(inner.triedRates).count == inner.triedRates.count
    else { throw SettingsError("inner.triedRates must be positive numbers, none of them twice") }
    guard inner.moreSteps.allSatisfy({ 1...4096 ~= $0 && $0 != inner.steps }),
      Set(inner.moreSteps).count == inner.moreSteps.count
    else {
      throw SettingsError("inner.moreSteps must be between 1 and 4096, none of them twice, and not inner.steps")
    }
    guard further.contexts.allSatisfy({ 2...64 ~= $0 }), Set(further.contexts).count == further.contexts.count else {
      throw SettingsError("further.contexts must be between 2 and 64, none of them twice")
    }
    // The outer descent has no test object.
    guard !isSmall || further.contexts.allSatisfy({ $0 < limits.contexts }) else {
      throw SettingsError("further.contexts must be at most \(limits.contexts - 1) in the small world")
    }
    guard further.rates.allSatisfy({ $0 > 0 && $0.isFinite }), Set(further.rates).count == further.rates.count else {
      throw SettingsError("further.rates must be positive numbers, none of them twice")
    }
    guard data.test >= 2 else {
      throw SettingsError("data.test must be at least 2: one question's context is irrelevant to another's")
    }
    if let most = further.contexts.max(), data.train < most {
      throw SettingsError("data.train, \(data.train), must be at least the largest of further.contexts, \(most)")
    }
    if let uneven = further.contexts.first(where: { !outer.tasks.isMultiple(of: $0) }) {
      throw SettingsError(
        "further.contexts has \(uneven), and outer.tasks, \(outer.tasks), must be a multiple of it: the tasks of an "
          + "update are learned from \(uneven) at a time; further.contexts=[] leaves such models out")
    }
    guard Set(further.joinings).count == further.joinings.count,
      further.contexts.isEmpty || !further.joinings.isEmpty
    else { throw SettingsError("further.joinings must be batched, sequential or both, none of them twice") }
    try checkBeside()
  }

  private func checkBeside() throws {
    guard !beside.model.isEmpty else { return }
    try require(
      counts: ["beside.updates": beside.updates, "beside.tasks": beside.tasks, "beside.seeds": beside.seeds],
      most: 1 << 20)
    guard let settings = besideSettings, isSmall, !settings.isSmall else {
      throw SettingsError("beside.model is a pre-trained model beside model=small; name one there, or model=FILE alone")
    }
    do { try settings.check() } catch { throw SettingsError("beside, a run of its own: \(error)") }
  }
}
