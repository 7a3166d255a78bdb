import ArgumentParser
import Descent
import Foundation

struct LandscapeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "landscape", abstract: "Draws the loss around a trained model's weights.",
    discussion: """
      Two random directions, each of whose filters is as long as the weights' own (Li et al. 2018), span a plane; the mean \
      loss on it is drawn for training and for validation examples. The page and its numbers go into the run's folder.
        \(ProgramName.text) landscape runs/train
        \(ProgramName.text) landscape runs/train --span 0.5 --points 41
      """)

  @Argument(help: "The run's folder.")
  var folder: String
  @Option(help: "Points along each direction, odd.")
  var points = 21
  @Option(help: "How far to either side, in lengths of the weights.")
  var span = 1.0
  @Option(help: "Examples of each part, at most.")
  var examples = 1000
  @Option(help: "Seed of the directions and of the examples that are looked at.")
  var seed = 0
  @OptionGroup var dataOptions: DataOptions

  func validate() throws {
    if points < 3 || points > 201 || points % 2 == 0 {
      throw ValidationError("--points must be odd and 3 to 201, so that the weights are one of them")
    }
    if !(span >= 1e-4 && span <= 1e3) {
      throw ValidationError("--span must be above 0: 0.0001 to 1000 lengths, below which float32 sees nothing")
    }
    if examples < 1 { throw ValidationError("--examples must be 1 or more") }
  }

  func run() throws {
    let model = try TrainedModel(folder: folder)
    let opened = try RunFolder.open(folder)
    let problem = try TrainingRun.problem(of: opened, folder, dataOptions.locator)
    let epoch = try opened.events().last { $0.kind == "final" }?.values["final/epoch"]
    let bar = ProgressBar(total: points * points, now: { ProcessInfo.processInfo.systemUptime })
    var done = 0
    let weights = epoch.map { ", weights of epoch \(Report.number($0))" } ?? ""
    let report = try LandscapeReport(
      model, of: problem, source: folder + weights, points: points, span: span, examples: examples, seed: seed
    ) {
      done += 1
      bar.show(done, of: "point", "")
    }
    bar.finish()
    print(report.text)
    print("report: \(try report.write(to: folder))")
  }
}
