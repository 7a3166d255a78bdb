import ArgumentParser
import Descent
import Foundation

/// Learning to control: trains, evaluates, reports, resumes, replays.
struct ControlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "control", abstract: "Learns to control an environment, or replays what was learned.",
    discussion: """
      ENVIRONMENT is one of deconfliction, ifds, pendulum, cartpole, mountaincar, identity; methods are td3, ddpg, sac (for \
      continuous actions) and ppo (for choices too):
        \(ProgramName.text) control pendulum --method td3 --seeds 5 --steps 15000 --out runs/pendulum
        \(ProgramName.text) control cartpole --method ppo --set method.minibatch=128
      An expert goes on learning under attacks, step by step stronger; spoofing is read by the deconfliction scene:
        \(ProgramName.text) control deconfliction --expert runs/expert --set method.robust.attackSteps=2 \
      --set "curriculum.strengths=[0.1, 0.2, 0.3]"
      A run that was stopped goes on by the same command. What it learned is flown again, and drawn, by
        \(ProgramName.text) control --policy runs/expert --seed 0 --set problem.spoofing="sp4 1"
      Settings and their values: \(ProgramName.text) control ENVIRONMENT --method NAME --show
      """)

  @Argument(help: "The environment; not needed with --policy.")
  var environment: String?
  @Option(help: "The method: td3, ddpg, sac or ppo.")
  var method = "td3"
  @Option(help: "Number of seeds, each a run of its own.")
  var seeds = 1
  @Option(help: "Environment steps of each seed.")
  var steps = 20_000
  @Option(help: "Episodes of each evaluation.")
  var episodes = 20
  @Option(help: "Environment steps between two evaluations; a tenth of all when not given.")
  var interval: Int?
  @Option(name: .customLong("set"), help: "A setting, as method.polyak=0.005; may be repeated.")
  var changes: [String] = []
  @Option(help: "The folder of a td3 run whose networks this one starts from, seed by seed.")
  var expert: String?
  @Option(help: "The run's folder; runs/control-ENVIRONMENT-METHOD when not given.")
  var out: String?
  @Option(help: "Replay the policy of the run in this folder.")
  var policy: String?
  @Option(help: "Which seed's policy is replayed.")
  var seed = 0
  @Option(help: "Threads of the engine: small networks are fastest on one.")
  var threads = 1
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false
  @Flag(help: "Print the settings and stop.")
  var show = false
  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard (environment == nil) != (policy == nil) else {
      throw ValidationError(
        policy == nil ? "name an environment, or a run by --policy" : "--policy takes its environment from the run")
    }
    try CountOption.check(["--seeds": seeds, "--episodes": episodes], most: ControlBounds.most)
    try CountOption.check(["--steps": steps, "--interval": interval], most: ControlBounds.mostSteps)
    try CountOption.check(["--threads": threads], most: CountOption.mostThreads)
    try CountOption.check(["--seed": seed], least: 0, most: .max)
    if policy != nil, expert != nil || replace || show || out != nil || interval != nil {
      throw ValidationError(
        "--policy replays in its own folder: leave out --expert, --out, --interval, --replace and --show")
    }
  }

  func run() throws {
    Engine.setThreadCount(threads)
    if let policy { return try replay(policy) }
    let name = environment!
    var schedule = OffPolicySchedule()
    let problem = ControlProblem(name: name)
    problem.recommend(&schedule)
    _ = try problem.environment()
    switch method {
    case "td3", "ddpg":
      var curriculum = Curriculum(strengths: [], stepsPerStage: 16_000)
      if expert != nil {
        // As an expert goes on: half the rate, its own actions, little noise.
        (schedule.warmsUpRandomly, schedule.noise, schedule.lastNoise) = (false, 0.1, 0.1)
        curriculum.strengths = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
      }
      var learner = self.method == "ddpg" ? TD3.ddpg : TD3()
      if expert != nil {
        (learner.actorOptimizer, learner.criticOptimizer) = ("adam | rate 0.0005", "adam | rate 0.0005")
      }
      try start(
        ControlSettings(self, problem, TunedTD3(method: learner, schedule: schedule, curriculum: curriculum)))
    case "sac": try start(ControlSettings(self, problem, OffPolicyPart(method: SAC(), schedule: schedule)))
    case "ppo": try start(ControlSettings(self, problem, PPOPart(method: PPO())))
    default:
      throw ControlError(
        "there is no method \(method); \(NearestName.hint(method, among: ["td3", "ddpg", "sac", "ppo"]))")
    }
  }

  private func start<Part: LearnerPart>(_ settings: ControlSettings<Part>) throws {
    let settings = try Settings.applying(changes, to: settings)
    try settings.check()
    guard settings.methodName == method else {
      throw ControlError("methodName is what --method names, and cannot be set: --method \(settings.methodName)")
    }
    if show { return print(try Settings.yaml(settings), terminator: "") }
    let folder = out ?? "runs/control-\(settings.problem.name)-\(settings.methodName)"
    let session = ControlSession(settings: settings, folder: folder)
    try session.run(replacing: replace, isQuiet: quiet, announce: announce)
  }

  private func replay(_ folder: String) throws {
    let path = folder + "/config.yaml"
    guard FileManager.default.fileExists(atPath: path) else {
      throw ControlError("\(folder) is no run of \(ProgramName.text) control: it has no config.yaml")
    }
    guard let data = FileManager.default.contents(atPath: path) else { throw ControlError("\(path) cannot be read") }
    let text = String(decoding: data, as: UTF8.self)
    switch try ControlMethodName(in: text, path).name {
    case "sac": try replay(text, OffPolicyPart<SAC>.self, folder)
    case "ppo": try replay(text, PPOPart.self, folder)
    default: try replay(text, TunedTD3.self, folder)
    }
  }

  private func replay<Part: LearnerPart>(_ text: String, _ type: Part.Type, _ folder: String) throws {
    let saved = try Settings.decode(ControlSettings<Part>.self, from: text, describing: folder + "/config.yaml")
    // Only what surrounds the policy may change; the policy is what was learned.
    for change in changes where !change.hasPrefix("problem.") {
      throw ControlError("\(change): a replay can change problem.spoofing, problem.noise and problem.delay only")
    }
    let flown = try Settings.applying(changes, to: saved)
    guard flown.problem.name == saved.problem.name else { throw ControlError("a replay stays in its environment") }
    let session = ControlSession(settings: saved, folder: folder)
    try session.replay(seed: seed, in: flown.problem, episodes: episodes, announce: announce)
  }
}
