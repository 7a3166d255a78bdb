import Foundation
import RunLogs
import Training

// What a run that goes on may have other than when it was started, and where it finds its data.
extension TrainingRun.Settings {
  /// What checkpoints know their run by: all that the descent depended on when the run was started.
  ///
  /// More epochs are no other run.
  var fingerprint: String {
    get throws {
      if let startedAs { return startedAs }
      var identity = self
      (identity.epochs, identity.directory) = (0, nil)
      return try Settings.fingerprint(identity)
    }
  }

  /// These settings for the run that was started with others.
  func continuing(_ saved: Self) throws -> Self {
    var result = self
    result.startedAs = saved.startedAs
    let known = try saved.fingerprint
    if try result.fingerprint != known { result.startedAs = known }
    return result
  }

  /// The folder from which paths are named now; nil where a run needs none.
  package static func directory(naming paths: [String?]) -> String? {
    let files = paths.compactMap { $0 }.filter { path in !CatalogueEntry.all.contains { $0.name == path } }
    return files.contains { !$0.hasPrefix("/") } ? FileManager.default.currentDirectoryPath : nil
  }

  /// Where a run's file is: as it was named, from here, or else from where the run was started.
  ///
  /// - Throws: `SettingsError` where it is in neither place.
  package func located(_ path: String) throws -> String {
    guard !CatalogueEntry.all.contains(where: { $0.name == path }), !Table.exists(path) else { return path }
    let before = directory.map { $0 + "/" + path }
    if let before, !path.hasPrefix("/"), Table.exists(before) { return before }
    let here = FileManager.default.currentDirectoryPath
    var places = path.hasPrefix("/") ? [] : ["in \(here)"]
    if let directory, directory != here, !places.isEmpty {
      places.append("in \(directory), where the run was started")
    }
    throw SettingsError(
      "there is no file \(path)" + (places.isEmpty ? "" : "; looked \(places.joined(separator: " and "))"))
  }
}

extension TrainingRun {
  /// One loss has one name, however a file writes it.
  private static func name(_ loss: String?) throws -> String? { try loss.map { try LossFunction(named: $0).name } }

  /// Names what differs from the run that is to go on and may not.
  func check(against saved: Settings, _ out: String) throws {
    // A prediction of norms holds for one rate.
    let isBound =
      settings.watch?.contains("lipschitz") == true
      && [saved.chain, settings.chain].contains { Self.hasConstantRates($0) }
    let parting = [
      ("the data", saved.source == settings.source), ("options of the table", saved.table == settings.table),
      ("options of the images", saved.images == settings.images), ("--validation", saved.heldOut == settings.heldOut),
      ("--test", saved.test == settings.test), ("--seed", saved.seed == settings.seed),
    ]
    let others = [
      ("--loss", try Self.name(saved.loss) == Self.name(settings.loss)),
      ("--class-weights", saved.classWeights == settings.classWeights),
      ("--augment", saved.augment == settings.augment),
      ("--model, --hidden and --activation", saved.model == settings.model && saved.network == settings.network),
      ("--chain (the watch lipschitz predicts norms for one rate)", !isBound || saved.chain == settings.chain),
      ("--batch", saved.batch == settings.batch), ("--watch", saved.watch == settings.watch),
      ("--shards", saved.shards == settings.shards), ("--compress", saved.compress == settings.compress),
    ]
    // Other data may ask for another network; data are parted by options.
    if parting.allSatisfy(\.1), let before = saved.data, let now = settings.data, before != now {
      throw SettingsError("\(settings.source) has changed since \(out) was started; start another run")
    }
    let names = (parting + others).filter { !$0.1 }.map(\.0)
    guard names.isEmpty else {
      throw SettingsError("\(out) was started with other options: leave \(names.joined(separator: ", ")) out")
    }
    guard settings.epochs >= saved.epochs else {
      throw SettingsError(
        "\(out) was started with \(counted(saved.epochs, "epoch")); it can have more, not \(settings.epochs)")
    }
  }

  private static func hasConstantRates(_ chain: String) -> Bool {
    let rates = (try? DescentMethodKind.parse(chain))?.learningRates ?? []
    return rates.allSatisfy { if case .constant = $0 { true } else { false } }
  }

  /// Whether the method goes on from a state that another chain has left.
  func checkThatChainFits(_ state: TrainingState, of saved: Settings, _ out: String) throws {
    let own = try method.initialState(for: state.parameters.types).types
    guard own == state.optimizerState.types else {
      throw SettingsError(
        "\(out) goes on from what \(saved.chain) remembers, and \(settings.chain) remembers something else: change "
          + "rates alone, or leave --chain out")
    }
  }
}
