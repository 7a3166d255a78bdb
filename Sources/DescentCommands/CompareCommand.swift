import ArgumentParser
import Descent
import Foundation

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Says which of several ways to descend is better on your own data, or on functions.",
    discussion: """
      An arm is NAME: CHAIN, with options of \(ProgramName.text) train behind semicolons: batch 64; hidden 128x64; \
      activation tanh; loss huber delta=0.5; model cnn; augment crop 4, flip; draw 1. Losses are \(LossKind.lists); networks \
      \(ModelKind.names.joined(separator: ", ")). Braces name ranges, anywhere: {0.001...1} (logarithmic where the ends are \
      positive and ten times apart), {16...128} (whole numbers), {a, b, c}. {r: 0.001...1} has a \
      name, and {r} elsewhere in the arm is the same value. The word budget in a chain is the length of the descent:
        \(ProgramName.text) compare digits.csv --arm "sgd: momentum 0.9 | rate {0.001...1}" --arm "adam: adam | rate {0.0001...0.1}"
        \(ProgramName.text) compare digits.csv --arm "mine: orthogonal | momentum 0.9 | rate {0.001...1}" --panel common
        \(ProgramName.text) compare a.csv b.csv fashion-mnist --arm "short: adam | rate 0.001" \
      --arm "cosine: adam | rate cosine({0.0001...0.1}, budget); hidden {64x64, 256}" --budget 4000updates
        \(ProgramName.text) compare --function "rosenbrock size=10" --function "bowl: x^2 + 10*y^2; from x={-2...2}, y={-2...2}; minimum 0" \
      --arm "adam: adam | rate {0.0001...1}" --panel few
      Functions are \(TestFunctionKind.known.map(\.name).joined(separator: ", ")), or a name, a formula (\(ProgramName.text) minimize --help) \
      and starts; i is the list 1, 2, ... and n its length. Behind semicolons: noise 0.1 (in gradients), rotated and shifted (anew for each \
      seed, with its start), from {-1...1} for other starts. "all size=5; rotated" is each known one. A seed is a start then, and an arm's option draw is for \
      another start. A gap within 1e-8 of the minimum counts as that: such a descent has arrived.
      Each arm gets the same number of trials on tuning seeds; the best few are tried on more of them, and the best of those is run on fresh \
      seeds, paired with the others; \
      the test part is read once, in the end. One arm alone is tuned, and its best setting run on fresh seeds. The folder's \
      trials.csv has each descent with its settings, verdicts.json the verdicts. A run that was interrupted goes on exactly: \
      \(ProgramName.text) compare --resume FOLDER.
      """)

  @Argument(help: "Tables, folders of images or known data sets; not needed with --resume.")
  var sources: [String] = []
  @Option(
    name: .customLong("function"),
    help:
      "A function in the place of data, as \"rosenbrock size=10; rotated; shifted; noise 0.1\", or all for each known one; may be repeated."
  )
  var functions: [String] = []
  @Option(name: .customLong("arm"), help: "NAME: CHAIN; OPTION VALUE; ... Two or more; one alone is tuned.")
  var arms: [String] = []
  @Option(
    help:
      "Known ways to descend that are compared, too, with ranges of their rates: few (momentum, adam, adamw), common (thirteen) or recent (adam, muon, shampoo, soap, sophia and others)."
  )
  var panel: ComparedPanel?
  @Option(
    help:
      "The arm that each of the others is compared with, in place of each with each; beside --panel a single --arm when not given, and \"none\" for each with each."
  )
  var reference: String?
  @Option(help: "Settings that are tried of each arm; \(Self.defaults.trials) when not given. Of functions 40.")
  var trials: Int?
  @Option(help: "Seeds on which the best settings are compared; \(Self.defaults.seeds.count) when not given.")
  var seeds: Int?
  @Option(
    help:
      "Seeds on which all settings are tried; \(Self.defaults.seeds.tuningCount) when not given. \(Self.rounds.seeds) or more leave no second round."
  )
  var tuningSeeds: Int?
  @Option(
    help:
      "The best settings of each arm, which are tried on further tuning seeds before one is chosen; \(Self.rounds.count) when not given, 1 for no such round."
  )
  var finalists: Int?
  @Option(help: "Tuning seeds of those in the end, the first ones included; \(Self.rounds.seeds) when not given.")
  var finalistSeeds: Int?
  @Option(
    help: """
      Length of each descent, as 2000updates, 20epochs or 100000samples, or 4000gradients for arms that are equal in cost and not in \
      updates; \(Self.defaults.budget) when not given. Of functions 2000gradients.
      """)
  var budget: String?
  @Option(
    help:
      "By which settings are chosen: validation/loss, accuracy, f1, auc, rmse, mae, r2, or ownLoss (what all arms descend), or train/loss and so on, of all training rows; \(Self.defaults.measure) when not given. Of functions gap (log10 of the height above the minimum), value, or arrival (log10 of the gradients until the gap is that of --target-value, or -8)."
  )
  var measure: String?
  @Option(
    help:
      "Differences within ± this, in the measure's unit, count as none: better is better by more, and the same is within."
  )
  var margin: Double?
  @Option(
    help:
      "Diagnostics of the runs that decide, after their last update, as \"sharpness, noise\" (\(ProgramName.text) describe sharpness): whether they differ is tested, too."
  )
  var watch: String?
  @Option(help: "The measure's value at which a descent has arrived; by rule when not given.")
  var targetValue: Double?
  @Option(help: "Looks at the validation part in a descent; \(Self.defaults.looks) when not given.")
  var looks: Int?
  @Option(
    help:
      "The weights that are measured: best (on validation) or last; \(Self.defaults.keep.rawValue) when not given. Of functions last."
  )
  var keep: ComparisonConfiguration.Kept?
  @Option(help: "Level of the tests, after Holm's correction; \(Self.defaults.decision.alpha) when not given.")
  var alpha: Double?
  @Option(
    help:
      "Fraction that is held out for validation, anew for each seed; \(Self.defaults.table.validation) when not given.")
  var validation: Double?
  @Option(
    help:
      "A table's rows that nothing is chosen by, the same for all seeds: a fraction (0 for none), or a file; \(Self.defaults.table.test) when not given."
  )
  var test: String?
  @Option(
    help:
      "Ways to part a table's rows into those for the test and others, each with a search of its own: 5 with --test 0.2 are a nested cross-validation. Pairs are then judged over them, and not on one choice of test rows; 1 when not given."
  )
  var testParts: Int?
  @Flag(
    help:
      "Judges each pair once, over all data sets or functions, six at least, in place of once on each: whether they differ on such problems."
  )
  var overall = false
  @OptionGroup var table: TableArguments
  @Option(help: "Height x width in pixels that PNG and JPEG files are brought to, as 32 or 48x32.")
  var size: String?
  @Option(help: "The run's folder; runs/compare when not given.")
  var out: String?
  @Option(help: "Go on with the comparison in this folder.")
  var resume: String?
  @Option(help: ShareOption.help)
  var share: String?
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false
  @Flag(help: "No progress.")
  var quiet = false
  @OptionGroup var dataOptions: DataOptions

  /// As wide as the shell says, and 100 where it says nothing.
  private static let width = min(max(ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? 100, 60), 400)
  private static let defaults = ComparisonConfiguration(data: [], arms: [])
  private static let rounds = Finalists()

  func validate() throws {
    guard resume == nil || (sources.isEmpty && functions.isEmpty) else {
      throw ValidationError("--resume takes no data's or function's name")
    }
    guard resume != nil || !sources.isEmpty || !functions.isEmpty else {
      throw ValidationError(
        "name data: a table, a folder of images or a known data set; or a function, as --function \"rosenbrock size=10\""
      )
    }
    let isChanged =
      !arms.isEmpty || panel != nil || reference != nil || trials != nil || seeds != nil || tuningSeeds != nil
      || finalists != nil || finalistSeeds != nil || budget != nil || measure != nil
      || margin != nil || watch != nil || targetValue != nil || looks != nil || keep != nil || alpha != nil
      || validation != nil || test != nil || testParts != nil || size != nil || !table.given.isEmpty || out != nil
      || replace || overall
    if resume != nil, isChanged {
      throw ValidationError("--resume goes on with the settings of the run: leave all else out")
    }
    _ = try ShareOption.parse(share)
    // The narrower bounds of some are the configuration's.
    try CountOption.check([
      "--trials": trials, "--seeds": seeds, "--tuning-seeds": tuningSeeds, "--looks": looks, "--finalists": finalists,
      "--finalist-seeds": finalistSeeds, "--test-parts": testParts,
    ])
    guard finalistSeeds == nil || finalists != 1 else {
      throw ValidationError("--finalist-seeds is for a second round, and --finalists 1 asks for none")
    }
    if let finalists, finalists > 1, finalistSeeds == nil, let tuningSeeds, tuningSeeds >= Self.rounds.seeds {
      throw ValidationError(
        "--finalists asks for a second round on more seeds than the \(tuningSeeds) of the first: give --finalist-seeds, too"
      )
    }
    if let finalistSeeds, finalistSeeds <= tuningSeeds ?? Self.defaults.seeds.tuningCount {
      throw ValidationError(
        "--finalist-seeds counts the first round's seeds, too, and must be more than the \(tuningSeeds ?? Self.defaults.seeds.tuningCount) of it"
      )
    }
    if let validation, !(validation > 0 && validation < 1) {
      throw ValidationError("--validation must be between 0 and 1")
    }
    if let fraction = test.flatMap(Double.init), !(fraction >= 0 && fraction + (validation ?? 0.2) < 1) {
      throw ValidationError("--test and --validation together must be between 0 and 1")
    }
  }

  func run() throws {
    guard let channel = try RankWorld.join() else {
      return try run(LocalWorkplace(share: try ShareOption.parse(share)))
    }
    try ShareOption.refuse(share, on: channel)
    if channel.rank == 0 { return try RankWorld.lead(channel) { try run($0) } }
    RankWorld.follow(channel) { session in
      let comparison: MethodComparison
      do { comparison = try make() } catch { return try session.excuse("\(error)") }
      try comparison.takePart(in: session, resuming: resume)
    }
  }

  private func make() throws -> MethodComparison {
    var comparison = try MethodComparison(try resume.map { try MethodComparison.configuration(of: $0) } ?? settings())
    comparison.locator = dataOptions.locator
    return comparison
  }

  private func run(_ workplace: any Workplace) throws {
    var comparison = try make()
    comparison.workplace = workplace
    comparison.commandLine = [ProgramName.text] + CommandLine.arguments.dropFirst()
    comparison.announce = announce
    comparison.isQuiet = quiet
    let place = out ?? "runs/compare" + ShareOption.suffix(share)
    if replace { try RunFolder.checkThatNone(of: sources + [test].compactMap { $0 }, liesIn: place) }
    let result = try resume.map { try comparison.resume($0) } ?? comparison.run(out: place, replacing: replace)
    print(result.text(width: Self.width))
    ShareOption.explain(share, result.outcome)
  }

  /// Whoever sets one method beside known ones asks about that one.
  private func standardReference() throws -> String? {
    guard panel != nil, arms.count == 1 else { return nil }
    return try ComparedArm(arms[0]).name
  }

  private func settings() throws -> ComparisonConfiguration {
    guard alpha == nil || panel != nil || arms.count > 1 else {
      throw SettingsError("one arm alone is compared with none: leave --alpha out")
    }
    guard functions.isEmpty else { return try functionSettings() }
    let known = try sources.map { try TrainingSource($0) }
    // Nothing is ignored: what applies to none of the data is an error.
    if !known.contains(where: \.isTable),
      let option = table.given.first ?? (test != nil ? "test" : testParts != nil ? "test-parts" : nil)
    {
      throw SettingsError("--\(option) is for tables, and \(known.map(\.description).joined(separator: ", "))")
    }
    if size != nil, !known.contains(where: { if case .images = $0 { true } else { false } }) {
      throw SettingsError("--size is for image files, and \(known.map(\.description).joined(separator: ", "))")
    }
    if dataOptions.data != nil, !known.contains(where: { if case .known = $0 { true } else { false } }) {
      throw SettingsError(
        "--data is where known data sets are, and \(known.map(\.description).joined(separator: ", "))")
    }
    var settings = Self.defaults
    (settings.data, settings.arms) = (sources, try panel?.joining(arms) ?? arms)
    try applySearch(to: &settings)
    settings.table = try table.apply(to: settings.table)
    if let validation { settings.table.validation = validation }
    if let test {
      settings.table.test = Double(test) ?? 0
      settings.testFile = Double(test) == nil ? test : nil
    }
    settings.testParts = testParts == 1 ? nil : testParts
    settings.measure = measure ?? settings.measure
    settings.keep = keep ?? settings.keep
    settings.watch = watch
    settings.images = try size.map { ImageOptions(size: try ImageOptions.size($0)) }
    return settings
  }

  /// Of functions nothing is for tables, images or networks.
  private func functionSettings() throws -> ComparisonConfiguration {
    guard sources.isEmpty else {
      throw SettingsError(
        "functions and data are compared apart: leave out \(sources.joined(separator: ", ")), or --function")
    }
    let others = [
      "test": test != nil, "test-parts": testParts != nil, "validation": validation != nil, "size": size != nil,
      "watch": watch != nil, "data": dataOptions.data != nil,
    ]
    if let option = table.given.first ?? others.filter(\.value).keys.min() {
      throw SettingsError("--\(option) is for data, and there are functions")
    }
    if let panel {
      func names(_ arms: [String]) -> [String] { arms.map { String($0.prefix { $0 != ":" }) } }
      let left = names(panel.arms).filter { !names(panel.armsOfFunctions + arms).contains($0) }
      if !left.isEmpty {
        announce(
          "of the panel \(panel.rawValue) \(left.joined(separator: ", ")) is left out: it pulls to 0, where minima may lie, or is for matrices"
        )
      }
    }
    let named = try functions.flatMap { try TestFunctionKind.suite($0) }
    var settings = try ComparisonConfiguration(
      functions: named, arms: try panel?.joining(arms, onFunctions: true) ?? arms)
    settings.measure = measure ?? settings.measure
    settings.keep = keep ?? settings.keep
    try applySearch(to: &settings)
    return settings
  }

  /// What data and functions have in common.
  private func applySearch(to settings: inout ComparisonConfiguration) throws {
    settings.reference = try reference == "none" ? nil : reference ?? standardReference()
    settings.trials = trials ?? settings.trials
    settings.seeds.count = seeds ?? settings.seeds.count
    settings.seeds.tuningCount = tuningSeeds ?? settings.seeds.tuningCount
    settings.finalists = Finalists(
      count: finalists ?? Self.rounds.count, seeds: finalistSeeds ?? Self.rounds.seeds)
    settings.budget = budget ?? settings.budget
    settings.looks = looks ?? settings.looks
    settings.target = targetValue
    settings.overall = overall ? true : nil
    settings.decision.margin = margin
    settings.decision.alpha = alpha ?? settings.decision.alpha
  }
}

extension ComparisonConfiguration.Kept: ExpressibleByArgument {}
extension ComparedPanel: ExpressibleByArgument {}
