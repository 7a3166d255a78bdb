import Descent
import Foundation

/// The seeds of one `descent control`, in a folder: configuration, a checkpoint a seed, curves, report.
struct ControlSession<Part: LearnerPart> {
  let settings: ControlSettings<Part>
  let folder: String

  private func checkpoint(_ seed: Int) -> String { "\(folder)/checkpoints/seed-\(seed).safetensors" }

  private func tracksName(_ seed: Int) -> String { "tracks-seed-\(seed).html" }
  /// What `replay` draws of a seed.
  private func tracks(_ seed: Int) -> DrawnPage {
    DrawnPage(tracksName(seed), drawnBy: "\(ProgramName.text) control --seed \(seed) --policy")
  }

  /// The networks that are tuned; nil where none are.
  private func expert(_ seed: Int) throws -> Tree<NDArray>? {
    guard !settings.expert.isEmpty else { return nil }
    let path = "\(settings.expert)/checkpoints/seed-\(seed).safetensors"
    guard FileManager.default.fileExists(atPath: path) else {
      throw ControlError("the expert's folder has no checkpoint of seed \(seed): \(path)")
    }
    let contents = try Safetensors.read(path)
    let all = Tree(contents.arrays)
    guard contents.metadata["checksum"].map({ $0 == all.digest }) ?? true else {
      throw ControlError("\(path) is damaged: its checksum is another")
    }
    let networks = all.subtree("networks")
    // An expert that was itself tuned keeps its networks one level deeper.
    return networks.isEmpty ? all.subtree("training").subtree("networks") : networks
  }

  private func controlRun(_ seed: Int) throws -> ControlRun {
    let environment = try settings.problem.environment()
    let expert = try expert(seed)
    // Of the settings a run depends on these; its number of seeds and its end may change when it goes on.
    var own = settings
    (own.seeds, own.steps, own.interval) = (0, 0, 0)
    return try ControlRun(
      settings.learner.learner(in: environment, key: RandomKey(seed: seed), expert: expert), in: environment,
      steps: settings.steps, interval: settings.interval, episodes: settings.episodes, checkpoint: checkpoint(seed),
      fingerprint: try Settings.canonicalText(own), evaluationKey: RandomKey(seed: 0).split("evaluation"))
  }

  func run(replacing: Bool, isQuiet: Bool, announce: (String) -> Void) throws {
    let path = folder + "/config.yaml"
    let isNew = replacing || !FileManager.default.fileExists(atPath: path)
    // Two processes in one folder would write over each other.
    let (place, lock) =
      isNew
      ? try RunFolder.claim(folder, replacing: replacing, goingOnBy: "the same command")
      : try { (folder: $0, lock: try FolderLock($0)) }(try RunFolder.open(folder))
    defer { withExtendedLifetime(lock) {} }
    if isNew {
      // What cannot be leaves nothing, and takes nothing away.
      do {
        _ = try controlRun(0)
        for seed in 1..<max(settings.seeds, 1) { _ = try expert(seed) }
        try write(try Settings.yaml(settings), to: path)
        try write(
          RunEnvironment.json(
            libraries: ["oneDNN": Engine.oneDNNVersion],
            commandLine: [ProgramName.text] + CommandLine.arguments.dropFirst(),
            date: ISO8601DateFormatter().string(from: Date())), to: folder + "/environment.json")
        try place.forgetReplaced()
      } catch {
        place.discard()
        throw error
      }
    } else {
      // Of another command's run nothing is written over.
      guard let data = FileManager.default.contents(atPath: path) else { throw ControlError("\(path) cannot be read") }
      let saved = String(decoding: data, as: UTF8.self)
      _ = try ControlMethodName(in: saved, path)
      // Means are over seeds of one length, and a report is of all seeds that are there.
      for (name, asked) in [("steps", settings.steps), ("seeds", settings.seeds)] {
        guard let known = ControlMethodName.count(name, in: saved), known > asked else { continue }
        throw ControlError(
          "\(folder) holds \(name == "seeds" ? "\(known) seeds" : "seeds of \(known) environment steps"), and can have more, not \(asked): "
            + "name another folder by --out, or replace its run by --replace")
      }
    }
    if !isNew {
      // From here on its seeds may be longer, also where the process is killed meanwhile.
      try controlRun(0).restore()
      try write(try Settings.yaml(settings), to: path)
    }
    var runs: [ControlRun] = []
    for seed in 0..<settings.seeds {
      let run = try controlRun(seed)
      try run.restore()
      if let last = run.curve.last, !isQuiet { announce("seed \(seed) goes on at step \(last.step)") }
      let start = Date()
      let before = run.learner.environmentSteps
      if !run.isFinished,
        let sentence = try tracks(seed).remove(from: folder, past: "the policy before")
      {
        announce(sentence)
      }
      try run.run { point in
        guard !isQuiet else { return }
        let events = point.events.keys.sorted().map { "\($0) \(Report.number(point.events[$0]!, digits: 3))" }
        let rate = Double(point.step - before) / Date().timeIntervalSince(start)
        announce(
          "seed \(seed)  step \(point.step)  return \(Report.number(point.meanReturn))  "
            + events.joined(separator: "  ") + "  \(Int(rate)) steps/s")
      }
      runs.append(run)
    }
    try report(runs)
  }

  private func write(_ text: String, to path: String) throws {
    try Folder.make((path as NSString).deletingLastPathComponent)
    try AtomicFile.write(text, to: path)
  }

  private func report(_ runs: [ControlRun]) throws {
    var columns = ["return"]
    columns += runs[0].environment.eventNames
    func value(_ point: ControlRun.Point, _ column: String) -> Double {
      column == "return" ? point.meanReturn : point.events[column]!
    }
    var rows = ["seed,step," + columns.joined(separator: ",")]
    for (seed, run) in runs.enumerated() {
      rows += run.curve.map { point in
        "\(seed),\(point.step)," + columns.map { "\(value(point, $0))" }.joined(separator: ",")
      }
    }
    try write(rows.joined(separator: "\n") + "\n", to: folder + "/curves.csv")

    var table = runs.enumerated().map { seed, run in
      ["\(seed)", "\(run.curve.last!.step)"] + columns.map { Report.number(value(run.curve.last!, $0)) }
    }
    if runs.count > 1 {
      table.append(
        ["mean ± standard error, n = \(runs.count)", ""]
          + columns.map { column in
            let last = runs.map { value($0.curve.last!, column) }
            let mean = last.reduce(0, +) / Double(last.count)
            let variance = last.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(last.count - 1)
            let error = (variance / Double(last.count)).squareRoot()
            return "\(Report.number(mean)) ± \(Report.number(error, digits: 2))"
          })
    }
    let header = ["seed", "steps"] + columns
    print(TextTable(header: header, rows: table).text())
    let plots = columns.map { column in
      Plot(
        name: column, title: "\(column), mean of \(settings.episodes) episodes", xLabel: "environment steps",
        yLabel: column,
        series: runs.enumerated().map { seed, run in
          Plot.Series(
            name: "seed \(seed)", x: run.curve.map { Double($0.step) }, y: run.curve.map { value($0, column) })
        })
    }
    let document = Report(
      title: "\(settings.problem.name): \(settings.methodName)",
      subtitle: "\(runs.count) seeds, \(settings.steps) environment steps each",
      sections: [.heading("At the end"), .table(header: header, rows: table), .heading("While learning")]
        + plots.map { .plot($0) } + [.heading("Settings"), .code(try Settings.yaml(settings))])
    let path = folder + "/report.html"
    try document.write(to: path, gnuplot: try Gnuplot())
    print("report: \(path)")
  }

  /// Flies the policy of a seed and draws its tracks where there is a space to draw them in.
  func replay(seed: Int, in problem: ControlProblem, episodes: Int, announce: (String) -> Void) throws {
    let run = try controlRun(seed)
    guard FileManager.default.fileExists(atPath: checkpoint(seed)) else {
      throw ControlError("\(folder) has no checkpoint of seed \(seed)")
    }
    try run.restore()
    let environment = try problem.environment()
    let policy = try run.learner.currentPolicy()
    let key = RandomKey(seed: 0).split("replay")
    var recorder = TrackRecorder(environment, episodes: episodes)
    let result = try PolicyEvaluation.run(policy, in: environment, episodes: episodes, key: key) { copies, flying in
      recorder?.record(copies, flying)
    }
    let columns = ["return"] + environment.eventNames
    print(
      TextTable(
        header: ["episodes"] + columns,
        rows: [
          ["\(episodes)", Report.number(result.meanReturn)]
            + environment.eventNames.map { Report.number(result.mean($0)!) }
        ]
      ).text())
    guard let recorder else { return }
    let path = folder + "/" + tracksName(seed)
    try write(recorder.page(title: "\(problem.name), seed \(seed)", result), to: path)
    print("tracks: \(path)")
  }
}
