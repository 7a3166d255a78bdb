import ArgumentParser
import Descent
import Foundation

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model on your own table, or on images.",
    discussion: """
      DATA is a table (text with any delimiter, ARFF, npy; gzip-compressed or not; numbers, texts, dates, missing cells), \
      an SQLite file (data.db#table, or data.db#SELECT ...), a folder of images (PNG or JPEG files in a folder for each \
      class, IDX files in MNIST's layout, or CIFAR-10's binary files) or a known data set: see \(ProgramName.text) data. \
      What was understood is said in one line. The target is the last column unless --target names others:
        \(ProgramName.text) train flowers.csv
        \(ProgramName.text) train prices.csv --target price --drop id --as zip=category --test 0.2
        \(ProgramName.text) train flows.arff --target a,b,c
      A chain is a list of transformations with options, joined by |, and ends with a rate:
        \(ProgramName.text) train prices.csv --hidden 128,128 --chain "clip 1 | adam | rate cosine(0.001, 50epochs)"
        \(ProgramName.text) train fashion-mnist --model cnn --chain "orthogonal | decay 5e-4 | momentum 0.9 | rate cosine(0.05, 5epochs)"
        \(ProgramName.text) train cifar10 --model resnet8 --augment "crop 4, flip"
      What the run does can be watched, each epoch, without changing it; the report shows it:
        \(ProgramName.text) train fashion-mnist --watch "calibration, lipschitz, flatness 0.05, twins 3"
      Each run has a folder of its own: runs/train, or what --out names. One that was interrupted, ended early or is to be \
      longer goes on: \(ProgramName.text) train --resume FOLDER [--epochs N] [--patience N].
      Several processes descend together, each on its parts of every batch, where the build has MPI:
        mpirun -n 4 \(ProgramName.text) train fashion-mnist --batch 256
      Then: \(ProgramName.text) predict FOLDER new.csv, \(ProgramName.text) evaluate FOLDER new.csv. Transformations, diagnostics and their \
      options: \(ProgramName.text) list, \(ProgramName.text) describe NAME.
      """)

  @Argument(help: "A table, a folder of images or a known data set; not needed with --resume.")
  var source: String?
  @OptionGroup var tableArguments: TableArguments
  @Option(help: "Height x width in pixels that PNG and JPEG files are brought to, as 32 or 48x32.")
  var size: String?
  @Option(
    help:
      "What is done to images each time that they are drawn: crop 4 (a window of a frame of 4 zeros around it), flip (half are mirrored), or both, as \"crop 4, flip\"."
  )
  var augment: String?
  @Option(
    help:
      "What rows of each class count: balanced (all classes count the same), or CLASS=2,CLASS=1 (1 where not named)."
  )
  var classWeights: String?
  @Option(help: "Fraction of rows or images that are held out for validation; 0.2 when not given.")
  var validation: Double?
  @Option(help: "Rows that nothing is chosen by: a fraction, or a file.")
  var test: String?
  @Option(
    help:
      "The network: \(ModelKind.names.joined(separator: ", ")); mlp for tables and cnn for images when not given.")
  var model: String?
  @Option(
    help: "Widths of an mlp's hidden layers, as 64,64 or 64x64, or none for a linear model; 64,64 when not given.")
  var hidden: String?
  @Option(help: "Between an mlp's layers: relu, gelu, tanh, sigmoid, silu or softplus; relu when not given.")
  var activation: String?
  @Option(help: "Transformations of gradients, joined by |.")
  var chain: String?
  @Option(
    help:
      "What is descended, with its options, as \"huber delta=0.5\": \(LossKind.lists); the first when not given."
  )
  var loss: String?
  @Option(
    help:
      "Passes over the training data; when not given until the chain's rate has fallen to its end, where it has one, or else some 4000 updates of a table and 10 epochs of images."
  )
  var epochs: Int?
  @Option(help: "Examples in one update, or full for all that train; by the number of rows when not given.")
  var batch: BatchSize?
  @Option(
    help:
      "Equal parts of each batch, computed one after another or on the ranks of mpirun; as many as ranks when not given."
  )
  var shards: Int?
  @Option(help: "What parts send of their gradients: randk:0.01 (a random hundredth), permk; all when not given.")
  var compress: String?
  @Option(help: "The weights that are saved: best (on validation) or last; best when not given.")
  var keep: TrainingRun.Settings.Kept?
  @Option(
    help:
      "Epochs without a better one after which the descent ends, 0 for never; a quarter of the epochs, at least 10, when not given."
  )
  var patience: Int?
  @Option(help: "Seed of split, initial weights and order; 0 when not given.")
  var seed: Int?
  @Option(help: "The run's folder: log, checkpoints, trained model; runs/train when not given.")
  var out: String?
  @Option(
    help:
      "Diagnostics to carry, joined by commas: \(WatchKind.known.map(\.name).joined(separator: ", ")); with options as in a chain, and every=5 (epochs) or every=50updates."
  )
  var watch: String?
  @Option(
    help:
      "Go on with the run in this folder; its options need not be repeated. --epochs may be more; --patience, --keep and the rates of --chain may be others."
  )
  var resume: String?
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var dataOptions: DataOptions

  func validate() throws {
    guard (source == nil) != (resume == nil) else {
      throw ValidationError(
        resume == nil ? "name a table, a folder of images or a known data set" : "--resume takes no data's name")
    }
    if resume != nil, out != nil || replace {
      throw ValidationError("--resume goes on in its folder: leave out --out and --replace")
    }
    try CountOption.check(["--epochs": epochs, "--batch": batch?.count, "--shards": shards])
    try CountOption.check(["--patience": patience], least: 0)
    if let validation, !(validation > 0 && validation < 1) {
      throw ValidationError("--validation must be between 0 and 1")
    }
    if let fraction = testFraction {
      guard fraction > 0, fraction + (validation ?? 0.2) < 1 else {
        throw ValidationError("--test and --validation together must be between 0 and 1")
      }
    }
  }

  private var testFraction: Double? { test.flatMap(Double.init) }

  func run() throws {
    guard let channel = try RankWorld.join() else { return print(try run(try prepared(), nil)) }
    try RankWorld.together(channel) { team in
      let run = try prepared(ranks: team.size, isSilent: team.rank > 0)
      if team.rank == 0 { return try self.run(run, team) }
      try run.follow(team)
      return nil
    }
  }

  private func run(_ run: TrainingRun, _ team: RankTeam?) throws -> String {
    if replace {
      try RunFolder.checkThatNone(
        of: [run.settings.source, run.settings.test].compactMap { $0 }, liesIn: out ?? "runs/train")
    }
    do {
      return try run.run(
        out: resume ?? out ?? "runs/train", resuming: resume != nil, replacing: replace, isQuiet: quiet, team: team,
        announce: announce)
    } catch let error as UndrawnReport {
      print(error.account)
      throw error
    }
  }

  private func prepared(ranks: Int = 1, isSilent: Bool = false) throws -> TrainingRun {
    let saved = try resume.map { try TrainingRun.settings(of: try RunFolder.open($0)) }
    let name = saved?.source ?? source!
    let source = try TrainingSource(try saved?.located(name) ?? name)
    try checkThatOptionsApply(source)
    let table = source.isTable ? try tableOptions(saved?.table) : nil
    let testFile = test == nil ? saved?.test : testFraction == nil ? test : nil
    let testPath = test == nil ? try saved?.test.map { try saved!.located($0) } : testFile
    let seed = seed ?? saved?.seed ?? 0
    let augmentation = try augmentation(saved?.augment)
    var images = saved?.images
    let bringsTest = try source.hasTestPart
    if size != nil || (!source.isTable && !bringsTest && validation != nil) {
      images = ImageOptions(
        size: try size.map(ImageOptions.size) ?? images?.size,
        validation: (bringsTest ? nil : validation) ?? images?.validation ?? 0.2)
    }
    let heldOut = bringsTest ? validation ?? (saved == nil ? 0.2 : saved?.heldOut) : nil
    var problem = try source.problem(
      table, images: images, heldOut: heldOut, test: testPath, seed: seed, data: dataOptions.locator)
    let weights = classWeights ?? saved?.classWeights
    problem.classWeights = try weights.map { try ClassWeights($0).values(for: problem.train) }
    let loss = try LossFunction.descended(loss ?? saved?.loss, on: problem.train)
    let shards = shards ?? (saved == nil && ranks > 1 ? ranks : saved?.shards)
    let batch = self.batch.map { $0.count ?? problem.train.count }
    func standard(_ batch: Int?) -> TrainingDefaults {
      TrainingDefaults(
        rows: problem.train.count, isTable: problem.train.exampleShape.rank == 1, batch: batch, epochs: self.epochs,
        chain: self.chain)
    }
    // Where nothing is said a batch has equal parts.
    let parts = shards ?? 1
    let divisible = (standard(nil).batch + parts - 1) / parts * parts
    let defaults = standard(batch ?? (divisible <= problem.train.count ? divisible : nil))
    let network = try network(problem, saved?.network, defaults)
    // A new chain may name a longer run.
    let named = saved.map { saved in
      let size = min(saved.batch, max(problem.train.count, 1))
      let length = chain.flatMap {
        TrainingDefaults.length(of: $0, updates: max(problem.train.count / size, 1), batch: size)
          ?? TrainingDefaults.stretch(of: $0, updates: max(problem.train.count / size, 1), batch: size)
      }
      return max(saved.epochs, length ?? 0)
    }
    let epochs = epochs ?? named ?? defaults.epochs
    guard epochs <= Settings.largestCount else {
      throw SettingsError("the chain names \(epochs) epochs, and a run has at most \(Settings.largestCount)")
    }
    let continuation = try saved.map {
      try Continuation(
        of: $0, epochs: epochs, chain: chain, patience: patience, rows: problem.train.count,
        isTable: problem.train.exampleShape.rank == 1)
    }
    try network.checkFits(batch: min(batch ?? saved?.batch ?? defaults.batch, problem.train.count))
    let method = try DescentMethodKind.parse(continuation?.chain ?? defaults.chain)
    let settings = TrainingRun.Settings(
      source: name, table: table, test: testFile, model: network.description, network: network,
      chain: continuation?.chain ?? method.description, epochs: epochs,
      batch: batch ?? saved?.batch ?? defaults.batch, seed: seed,
      watch: try (watch ?? saved?.watch).map { try WatchConfiguration($0).description },
      keep: keep ?? saved?.keep ?? .best, patience: continuation?.patience ?? patience ?? defaults.patience,
      data: problem.fingerprint, images: images, classWeights: weights, shards: shards,
      compress: try (compress ?? saved?.compress).map { try GradientCompression($0).description },
      directory: saved?.directory ?? TrainingRun.Settings.directory(naming: [name, testFile]),
      loss: loss == .standard(of: problem.train) ? nil : loss.name, augment: augmentation, heldOut: heldOut)
    if !isSilent {
      let course = RateCourse(method, rows: problem.train.count, batch: settings.batch)
      for notice in continuation?.notices ?? [course.notice(epochs)].compactMap({ $0 }) { announce(notice) }
    }
    return TrainingRun(
      settings: settings, problem: problem, model: try network.makeLayer(), loss: loss, method: method)
  }

  /// As text; nil for none.
  private func augmentation(_ saved: String?) throws -> String? {
    let named = try (augment ?? saved).map { try Augmentation($0) } ?? .none
    return named == .none ? nil : named.text
  }

  /// Nothing is ignored: what does not apply is an error.
  private func checkThatOptionsApply(_ source: TrainingSource) throws {
    if source.isTable {
      guard dataOptions.data == nil else {
        throw SettingsError("--data is where known data sets are, and \(source.description)")
      }
      guard size == nil else { throw SettingsError("--size is for image files, and \(source.description)") }
      guard augment == nil else { throw SettingsError("--augment is for images, and \(source.description)") }
      return
    }
    if let wrong = tableArguments.given.first ?? (test == nil ? nil : "test") {
      throw SettingsError("--\(wrong) is for tables, and \(source.description)")
    }
    if case .known = source {
      guard size == nil else { throw SettingsError("--size is for image files, and \(source.description)") }
    }
    if case .images = source, dataOptions.data != nil {
      throw SettingsError("--data is where known data sets are, and \(source.description)")
    }
  }

  private func tableOptions(_ saved: TableOptions?) throws -> TableOptions {
    var options = try tableArguments.apply(to: saved ?? TableOptions())
    if let validation { options.validation = validation }
    if let testFraction { options.test = testFraction }
    return options
  }

  private func network(
    _ problem: TrainingProblem, _ saved: ModelDescription?, _ defaults: TrainingDefaults
  ) throws -> ModelDescription {
    let shape = problem.train.exampleShape
    let name = model ?? saved?.own ?? saved?.kind.rawValue ?? (shape.rank == 3 ? "cnn" : "mlp")
    let kind = try ModelDescription.Kind(named: name)
    guard kind == .mlp || kind == .registered || shape.rank == 3 else {
      throw SettingsError("--model \(name) takes images, and \(problem.train.name) is a table")
    }
    for (option, isGiven) in [("--hidden", hidden != nil), ("--activation", activation != nil)] where isGiven {
      guard kind == .mlp else { throw SettingsError("\(option) is for an mlp, and the model is \(name)") }
    }
    guard kind == .mlp else {
      return try ModelDescription(named: name, input: shape.dimensions, outputs: problem.outputs)
    }
    let widths = hidden.map { ModelDescription.widths($0) } ?? saved?.hidden ?? defaults.hidden
    guard let widths, widths.allSatisfy({ $0 <= Settings.largestCount }) else {
      throw SettingsError(
        "--hidden is a list of widths, as 64,64 or 64x64, each at most \(Settings.largestCount), or none")
    }
    return try ModelDescription(
      .mlp, input: shape.dimensions, hidden: widths, outputs: problem.outputs,
      activation: activation ?? saved?.activation)
  }
}

extension TableOptions.Task: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
extension TableOptions.Missing: ExpressibleByArgument {}
extension TextEncoding: ExpressibleByArgument {}
extension DecimalSign: ExpressibleByArgument {}
extension TrainingRun.Settings.Kept: ExpressibleByArgument {}
