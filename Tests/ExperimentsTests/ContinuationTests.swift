import Experiments
import Foundation
import TestSupport
import Testing
import Training

/// What a run goes on with.
@Suite struct ContinuationTests {
  private let temporary = TemporaryFolder()

  private func settings(
    _ chain: String?, epochs: Int, patience: Int? = nil, directory: String? = nil
  ) throws -> TrainingRun.Settings {
    let defaults = TrainingDefaults(rows: 240, isTable: true, epochs: epochs, chain: chain)
    return TrainingRun.Settings(
      source: "t.csv", model: "mlp", chain: try DescentMethodKind.parse(defaults.chain).description, epochs: epochs,
      batch: defaults.batch, seed: 0, patience: patience ?? defaults.patience, directory: directory)
  }

  private func continuation(
    _ saved: TrainingRun.Settings, epochs: Int, chain: String? = nil, patience: Int? = nil
  ) throws -> Continuation {
    try Continuation(of: saved, epochs: epochs, chain: chain, patience: patience, rows: 240, isTable: true)
  }

  /// With more epochs a default chain and a default patience are those of a run that had them from the start.
  @Test func defaultsAreStretched() throws {
    let found = try continuation(try settings(nil, epochs: 5), epochs: 200)
    let whole = try settings(nil, epochs: 200)
    #expect(found.chain == whole.chain && found.patience == 50 && found.chain.contains("200"))
    #expect(found.notices.count == 1 && found.notices[0].contains("stretched to 200 epochs"))
  }

  /// Without more epochs nothing is another, to the letter: checkpoints know their run by the text.
  @Test(arguments: [nil, "adam | rate cosine(0.01, 5epochs)", "adam beta1=0.9 | rate 1e-2"])
  func theSameEpochsChangeNothing(_ chain: String?) throws {
    var saved = try settings(chain, epochs: 5, patience: 7)
    if let chain { saved.chain = chain }
    let found = try continuation(saved, epochs: 5)
    #expect(found.chain == saved.chain && found.patience == 7 && found.notices.isEmpty)
  }

  /// Epochs that begin and end at a rate of 0 are not idle, and a level in the middle is no end. An epoch has ten updates.
  @Test func aCourseIsLookedAtWithin() throws {
    func course(_ chain: String) throws -> RateCourse {
      RateCourse(try DescentMethodKind.parse(chain), rows: 80, batch: 8)
    }
    let triangle = "join(linear(0, 0.1, 5updates), 5updates, linear(0.1, 0, 4updates))"
    #expect(try course("rate \(triangle)").idleEpochs(of: 1) == 0)
    #expect(try course("rate join(\(triangle), 10updates, \(triangle))").idleEpochs(of: 2) == 0)
    #expect(try course("rate \(triangle)").idleEpochs(of: 3) == 2)
    let level = try course("rate join(linear(0, 0.1, 2epochs), 2epochs, join(0.1, 6epochs, linear(0.1, 0, 2epochs)))")
    #expect(level.lastRate(from: 3, to: 6) == nil)
    #expect(level.lastRate(from: 10, to: 12) == 0)
    #expect(try course("rate linear(0.2, 0.1, 3epochs)").lastRate(from: 3, to: 6) == 0.1)
    #expect(try course("rate steps(0.2, 0.5, 3epochs)").lastRate(from: 3, to: 6) == nil)
  }

  /// A schedule of one's own whose rate has ended at 0 would move nothing; the chain that would is told, and does.
  @Test(arguments: ["adam | rate cosine(0.01, 5epochs)", "rate linear(0.1, 0, 75updates)"])
  func aRateOfZeroIsRefused(_ chain: String) throws {
    let saved = try settings(chain, epochs: 5)
    #expect { try continuation(saved, epochs: 20) } throws: {
      "\($0)".contains("is 0 after 5 epochs: nothing would move") && "\($0)".contains("--chain")
        && (!chain.contains("epochs") || "\($0)".contains("20epochs"))
    }
    let longer = try continuation(saved, epochs: 20, chain: "adam | rate cosine(0.01, 20epochs)")
    #expect(longer.chain.contains("20") && longer.notices.isEmpty)
    // Goes on for half of the way.
    let half = try continuation(saved, epochs: 20, chain: "adam | rate cosine(0.01, 12epochs)")
    #expect(half.notices == ["the chain's rate is 0 in the last 8 of 20 epochs: nothing moves there"])
  }

  /// One that ends above 0 goes on there, and says so; one that never ends says nothing.
  @Test func otherRatesGoOn() throws {
    let ended = try continuation(try settings("rate linear(0.1, 0.01, 5epochs)", epochs: 5), epochs: 20)
    #expect(ended.notices.count == 1 && ended.notices[0].hasSuffix("runs at its last rate, 0.01"))
    for chain in ["rate 0.1", "rate exponential(0.1, 0.9, 1epochs)"] {
      #expect(try continuation(try settings(chain, epochs: 5), epochs: 20).notices.isEmpty)
    }
  }

  /// A patience of one's own stays; a new one counts.
  @Test func patienceIsTheUsers() throws {
    let saved = try settings(nil, epochs: 40, patience: 3)
    #expect(try continuation(saved, epochs: 400).patience == 3)
    #expect(try continuation(saved, epochs: 400, patience: 0).patience == 0)
  }

  /// Files are looked for from here, then from where the run was started.
  @Test func filesAreFoundFromElsewhere() throws {
    let folder = temporary.path + "/data"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let name = "continuation-\(UUID().uuidString).csv"
    try "a,b\n1,2\n".write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    let known = try settings(nil, epochs: 1, directory: folder)
    #expect(try known.located(name) == folder + "/" + name)
    #expect(try known.located(folder + "/" + name) == folder + "/" + name)
    #expect(try known.located("fashion-mnist") == "fashion-mnist")
    #expect { try known.located("none.csv") } throws: {
      "\($0)".contains("there is no file none.csv; looked in ") && "\($0)".contains(folder)
    }
    #expect { try settings(nil, epochs: 1).located(name) } throws: { !"\($0)".contains("was started") }
    #expect(TrainingRun.Settings.directory(naming: ["fashion-mnist", nil, folder]) == nil)
    #expect(
      TrainingRun.Settings.directory(naming: [folder, "t.csv"]) == FileManager.default.currentDirectoryPath)
  }
}
