/// Options as other programs call them: whoever writes `--lr` is told where the rate stands here.
enum ForeignOption {
  private struct Entry {
    /// In small letters, without signs.
    let names: [String]
    /// What says the same in `descent train`, and in `descent compare`; nil where there is nothing.
    let train, compare: String?
  }

  private static func stage(_ names: [String], _ chain: String) -> Entry {
    Entry(
      names: names, train: "it stands in the chain: --chain \"\(chain)\"",
      compare: "it stands in an arm: --arm \"NAME: \(chain)\"")
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
    renamed(["batchsize", "bs", "minibatch"], "--batch 64", arm: "batch 64"),
    renamed(
      ["layers", "hiddenlayers", "hiddensizes", "hiddensize", "hiddenunits", "units", "width", "widths"],
      "--hidden 64,64", arm: "hidden 64x64"),
    renamed(["arch", "architecture", "network", "net"], "--model cnn", arm: "model cnn"),
    renamed(["lossfunction", "criterion", "objective"], "--loss huber", arm: "loss huber"),
    Entry(
      names: ["epoch", "numepochs", "nepochs", "maxepochs"], train: "here it is --epochs 20",
      compare: "here it is --budget 20epochs"),
    Entry(names: ["epochs"], train: nil, compare: "here it is --budget 20epochs"),
    ofArm("batch", "64"), ofArm("hidden", "64x64"), ofArm("model", "cnn"), ofArm("loss", "huber"),
    ofArm("activation", "tanh"), ofArm("augment", "flip"),
    Entry(names: ["chain"], train: nil, compare: "an arm has one: --arm \"NAME: adam | rate 0.001\""),
    both(["valsplit", "validationsplit", "val", "valsize"], "here it is --validation 0.2"),
    both(["testsplit", "testsize"], "here it is --test 0.2, or a file"),
    both(["output", "outputdir", "outdir", "logdir", "savedir"], "here it is --out FOLDER"),
    both(["label", "labels", "targetcolumn", "labelcolumn"], "here it is --target COLUMN"),
    both(["threads", "numthreads", "numworkers", "workers", "jobs"], "OMP_NUM_THREADS says how many; all cores else"),
    both(["device", "gpu", "cuda", "cpu"], "everything runs on the processor's cores"),
    both(["verbose", "verbosity"], "progress is shown unless --quiet is given"),
    Entry(
      names: ["randomseed", "randomstate"], train: "here it is --seed 0", compare: "here it is --seeds 10, a number"),
    Entry(names: ["earlystopping", "earlystop"], train: "here it is --patience 10, in epochs", compare: nil),
  ]

  /// An option of training that an arm has.
  private static func ofArm(_ name: String, _ value: String) -> Entry {
    Entry(
      names: [name], train: nil, compare: "it stands in an arm: --arm \"NAME: adam | rate 0.001; \(name) \(value)\"")
  }

  private static func both(_ names: [String], _ answer: String) -> Entry {
    Entry(names: names, train: answer, compare: answer)
  }

  /// What to say of the first such option of `descent train` or `descent compare`; nil where there is none.
  static func answer(in arguments: [String]) -> String? {
    guard let command = arguments.first, command == "train" || command == "compare" else { return nil }
    guard !arguments.contains("--help"), !arguments.contains("-h") else { return nil }
    for argument in arguments.dropFirst().prefix(while: { $0 != "--" }) {
      guard argument.hasPrefix("-"), argument.count > 2, Double(argument) == nil else { continue }
      let given = String(argument.drop { $0 == "-" }.prefix { $0 != "=" })
      let plain = given.lowercased().filter { $0.isLetter || $0.isNumber }
      let entry = entries.first { $0.names.contains(plain) }
      if let answer = command == "train" ? entry?.train : entry?.compare {
        return "there is no option \(argument.prefix { $0 == "-" })\(given); \(answer)"
      }
    }
    return nil
  }
}
