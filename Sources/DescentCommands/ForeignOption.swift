import Descent

/// Options as other programs call them: whoever writes `--lr` is told where the rate stands here.
enum ForeignOption {
  private struct Entry {
    /// In small letters, without signs.
    let names: [String]
    /// What says the same in `descent train`, in `descent compare`, in `descent lm train` and in `descent minimize`; nil where there is
    /// nothing.
    var train: String?
    var compare: String?
    var languageModel: String?
    var minimize: String?

    func answer(of command: String) -> String? {
      switch command {
      case "train": train
      case "compare": compare
      case "lm": languageModel
      default: minimize
      }
    }
  }

  private static func stage(_ names: [String], _ chain: String) -> Entry {
    let alone = "it stands in the chain: --chain \"\(chain)\""
    return Entry(
      names: names, train: alone, compare: "it stands in an arm: --arm \"NAME: \(chain)\"", languageModel: alone,
      // A formula has no epochs.
      minimize: alone.replacing("20epochs", with: "900updates"))
  }

  private static func renamed(_ names: [String], _ option: String, arm: String? = nil) -> Entry {
    Entry(
      names: names, train: "here it is \(option)",
      compare: arm.map { "it stands in an arm: --arm \"NAME: adam | rate 0.001; \($0)\"" })
  }

  private static let entries: [Entry] = [
    stage(["lr", "learningrate", "rate", "stepsize"], "adam | rate 0.001"),
    stage(["optimizer", "optim", "opt", "method", "solver"], "momentum 0.9 | rate 0.1"),
    stage(["momentum"], "momentum 0.9 | rate 0.1"),
    stage(["weightdecay", "wd", "l2"], "adam | decay 0.01 | rate 0.001"),
    stage(
      ["scheduler", "lrscheduler", "schedule", "lrschedule", "warmup", "warmupsteps"],
      "adam | rate warmup(100updates, cosine(0.001, 20epochs))"),
    stage(["clip", "gradclip", "clipgrad", "clipnorm", "maxgradnorm"], "clip 1 | adam | rate 0.001"),
    Entry(
      names: ["batchsize", "bs", "minibatch"], train: "here it is --batch 64",
      compare: "it stands in an arm: --arm \"NAME: adam | rate 0.001; batch 64\"",
      languageModel: "here it is --batch 8"),
    renamed(
      ["layers", "hiddenlayers", "hiddensizes", "hiddensize", "hiddenunits", "units", "width", "widths"],
      "--hidden 64,64", arm: "hidden 64x64"),
    renamed(["arch", "architecture", "network", "net"], "--model cnn", arm: "model cnn"),
    renamed(["lossfunction", "criterion", "objective"], "--loss huber", arm: "loss huber"),
    renamed(
      ["labelsmoothing", "smoothing"], "--loss \"crossEntropy smoothing=0.1\"", arm: "loss crossEntropy smoothing=0.1"),
    renamed(["huberdelta", "delta"], "--loss \"huber delta=1\"", arm: "loss huber delta=1"),
    renamed(["quantile", "tau"], "--loss \"quantile 0.9\"", arm: "loss quantile 0.9"),
    Entry(
      names: ["epoch", "numepochs", "nepochs", "maxepochs"], train: "here it is --epochs 20",
      compare: "here it is --budget 20epochs", languageModel: "here it is --epochs 3",
      minimize: "here it is --updates 1000"),
    Entry(names: ["epochs"], compare: "here it is --budget 20epochs", minimize: "here it is --updates 1000"),
    Entry(
      names: ["steps", "numsteps", "nsteps", "maxsteps", "update", "iterations", "iters", "iter", "niter", "maxiter"],
      minimize: "here it is --updates 1000"),
    Entry(names: ["start", "x0", "init", "initial", "point"], minimize: "here it is --from \"x=1, y=2\""),
    Entry(
      names: ["tol", "tolerance", "ftol", "gtol", "xtol"],
      minimize: "a descent ends after its --updates, and at no tolerance"),
    Entry(
      names: ["function", "formula", "objective", "loss", "f"],
      minimize: "the function stands alone: \(ProgramName.text) minimize \"x^2\" --from \"x=1\""),
    ofArm("batch", "64"), ofArm("hidden", "64x64"), ofArm("model", "cnn"), ofArm("loss", "huber"),
    ofArm("activation", "tanh"), ofArm("augment", "flip"),
    Entry(names: ["chain"], compare: "an arm has one: --arm \"NAME: adam | rate 0.001\""),
    both(["valsplit", "validationsplit", "val", "valsize"], "here it is --validation 0.2"),
    both(["testsplit", "testsize"], "here it is --test 0.2, or a file"),
    everywhere(["output", "outputdir", "outdir", "logdir", "savedir"], "here it is --out FOLDER"),
    both(["label", "labels", "targetcolumn", "labelcolumn"], "here it is --target COLUMN"),
    everywhere(
      ["threads", "numthreads", "numworkers", "workers", "jobs"], "OMP_NUM_THREADS says how many; all cores else"),
    everywhere(["device", "gpu", "cuda", "cpu"], "everything runs on the processor's cores"),
    both(["verbose", "verbosity"], "progress is shown unless --quiet is given"),
    Entry(
      names: ["randomseed", "randomstate"], train: "here it is --seed 0", compare: "here it is --seeds 10, a number",
      languageModel: "here it is --seed 0", minimize: "here it is --seed 0"),
    Entry(names: ["earlystopping", "earlystop"], train: "here it is --patience 10, in epochs"),
  ]

  /// An option of training that an arm has.
  private static func ofArm(_ name: String, _ value: String) -> Entry {
    Entry(
      names: [name], compare: "it stands in an arm: --arm \"NAME: adam | rate 0.001; \(name) \(value)\"")
  }

  private static func both(_ names: [String], _ answer: String) -> Entry {
    Entry(names: names, train: answer, compare: answer)
  }

  private static func everywhere(_ names: [String], _ answer: String) -> Entry {
    Entry(names: names, train: answer, compare: answer, languageModel: answer, minimize: answer)
  }

  /// What to say of the first such option of a command that descends; nil where there is none.
  static func answer(in arguments: [String]) -> String? {
    let (command, isLanguageModel) = (arguments.first ?? "", arguments.prefix(2) == ["lm", "train"])
    guard ["train", "compare", "minimize"].contains(command) || isLanguageModel else { return nil }
    guard !arguments.contains("--help"), !arguments.contains("-h") else { return nil }
    for argument in arguments.dropFirst().prefix(while: { $0 != "--" }) {
      guard argument.hasPrefix("-"), argument.count > 2, Double(argument) == nil else { continue }
      // One minus may begin a formula.
      guard command != "minimize" || argument.hasPrefix("--") else { continue }
      let given = String(argument.drop { $0 == "-" }.prefix { $0 != "=" })
      let plain = given.lowercased().filter { $0.isLetter || $0.isNumber }
      let answers = entries.lazy.filter { $0.names.contains(plain) }.compactMap { $0.answer(of: command) }
      if let answer = answers.first {
        return "there is no option \(argument.prefix { $0 == "-" })\(given); \(answer)"
      }
    }
    return nil
  }
}
