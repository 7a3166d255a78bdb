import Foundation
import Training

/// The problems of a comparison: for each data set with one of its test parts, and each seed, its split. A test part is the same for all
/// seeds.
///
/// Those that were used last are kept; tasks come seed by seed, so that each is made once or twice.
package final class ComparisonData: @unchecked Sendable {
  /// A split, and what always predicting one thing is worth on it.
  package struct Entry: Sendable {
    let problem: TrainingProblem
    /// By tag of the measure, as "validation/loss".
    let constant: [String: Double]
    private let descended = DescendedConstants()

    package init(problem: TrainingProblem, constant: [String: Double]) {
      (self.problem, self.constant) = (problem, constant)
    }

    /// With what is descended of it, which is sought once: all arms descend one loss. Nothing of a loss whose best constant is not known.
    package func constant(descending loss: LossFunction) throws -> [String: Double] {
      try descended.values(of: loss) {
        var all = constant
        let parts = [("train", problem.train), ("validation", problem.validation)]
        for (name, part) in parts + (problem.test.map { [("test", $0)] } ?? []) {
          let found = try Baselines.constant(of: problem, on: part, loss: loss)
          all["\(name)/\(ComparedMeasure.descended)"] =
            loss.isMeasuredByItself ? found["ownLoss"] : Measures.decisive(found)
        }
        return all
      }
    }
  }

  /// Of a split, by the loss's name.
  private final class DescendedConstants: @unchecked Sendable {
    // Read and written under the lock.
    private let lock = NSLock()
    private var known: [String: [String: Double]] = [:]

    func values(of loss: LossFunction, _ make: () throws -> [String: Double]) throws -> [String: Double] {
      try lock.withLock {
        if let values = known[loss.name] { return values }
        let values = try make()
        known[loss.name] = values
        return values
      }
    }
  }

  typealias Maker = @Sendable (_ seed: Int) throws -> TrainingProblem

  private let makers: [Maker]
  // What is kept is used under the lock.
  private let lock = NSLock()
  private var tested: [Int: String] = [:]
  private var kept: [(data: Int, seed: Int, entry: Entry)] = []

  private let checksParts: Bool

  /// - Parameter checksParts: whether parts may be anything, as those of data of one's own.
  init(_ makers: [Maker], checksParts: Bool = false) { (self.makers, self.checksParts) = (makers, checksParts) }

  /// Data that a run folder names.
  ///
  /// - Throws: `SettingsError` or `DatasetError` where they are not here.
  convenience init(_ c: ComparisonConfiguration, _ locator: DataLocator) throws {
    let (testFile, parts) = (c.testFile, c.testParts ?? 1)
    self.init(
      try c.data.flatMap { name -> [Maker] in
        let source = try TrainingSource(name)
        // A part for the test is the same for all seeds.
        guard let images = try source.parts(c.images, seed: 0, data: locator) else {
          return (0..<parts).map { part in
            { try ComparisonData.table(name, c.table, testFile: testFile, seed: $0, testPart: part) }
          }
        }
        guard parts == 1 else { throw SettingsError("test parts are drawn of tables, and \(source.description)") }
        guard testFile == nil else { throw SettingsError("a test file belongs to a table, and \(source.description)") }
        return [
          {
            try TrainingProblem(images, validation: c.table.validation, key: RandomKey(seed: $0).split("validation"))
          }
        ]
      })
  }

  /// A data set split for a seed.
  func entry(_ data: Int, seed: Int) throws -> Entry {
    try lock.withLock {
      if let index = kept.firstIndex(where: { $0.data == data && $0.seed == seed }) {
        let found = kept.remove(at: index)
        kept.append(found)
        return found.entry
      }
      let problem = try makers[data](seed)
      if checksParts { try check(problem, data) }
      var constant: [String: Double] = [:]
      let parts = [("train", problem.train), ("validation", problem.validation)]
      for (name, part) in parts + (problem.test.map { [("test", $0)] } ?? []) {
        for (tag, value) in try Baselines.of(problem, on: part).constant { constant["\(name)/\(tag)"] = value }
      }
      // What ranks nothing is right half of the time.
      for name in ["train", "validation", "test"] where constant["\(name)/accuracy"] != nil {
        constant["\(name)/auc"] = 0.5
      }
      let entry = Entry(problem: problem, constant: constant)
      kept.append((data, seed, entry))
      if kept.count > Workers.count + 1 { kept.removeFirst() }
      return entry
    }
  }

  /// What data of one's own may have wrong: what is read from files is right already.
  private func check(_ problem: TrainingProblem, _ data: Int) throws {
    let parts =
      [("train", problem.train), ("validation", problem.validation)] + (problem.test.map { [("test", $0)] } ?? [])
    for (name, part) in parts {
      guard part.count > 0 else { throw DatasetError(part.name, "the \(name) part is empty") }
      guard part.exampleShape == problem.train.exampleShape, (part.labels == nil) == (problem.train.labels == nil)
      else {
        throw DatasetError(part.name, "the \(name) part's examples are not like those that are learned from")
      }
      var named = part
      named.classNames = problem.train.classNames
      try named.checkTargets()
    }
    // Seeds share the examples for the test: what decides speaks of one part. Targets, and what was encoded, have each seed's scale.
    guard let test = problem.test, problem.normalization != nil else { return }
    let digest = test.featureDigest
    guard tested[data, default: digest] == digest else {
      throw DatasetError(test.name, "the test part must hold the same examples for all seeds")
    }
    tested[data] = digest
  }

  /// Of all that a seed draws. Each test part has draws of its own, so that their differences share no luck.
  package static func key(_ seed: Int, testPart: Int) -> RandomKey {
    let key = RandomKey(seed: seed)
    return testPart == 0 ? key : key.split("test part").split(testPart)
  }

  /// The same of an arm's draw.
  static func key(_ seed: Int, testPart: Int, draw: Int) -> RandomKey {
    let shared = key(seed, testPart: testPart)
    return draw == 0 ? shared : shared.split("draw").split(draw)
  }

  /// What the data are.
  func problem(_ data: Int, name: String, seed: Int) throws -> ComparedProblem {
    let problem = try entry(data, seed: seed).problem
    return ComparedProblem(
      name: name, account: problem.account, fingerprint: problem.fingerprint, hasTest: problem.test != nil,
      classes: problem.train.labels == nil ? 0 : problem.outputs,
      testRatio: problem.test.map { Double($0.count) / Double(problem.train.count + problem.validation.count) })
  }

  private static func table(
    _ path: String, _ options: TableOptions, testFile: String?, seed: Int, testPart: Int
  ) throws -> TrainingProblem {
    // The rows for the test are the same for all seeds: no seed that chooses has seen them.
    let table = try TableProblem(
      path, options, key: key(seed, testPart: testPart).split("validation"), testKey: RandomKey(seed: 0).split("test"),
      testPart: testPart)
    var problem = TrainingProblem(table)
    if let testFile {
      let rows = try table.encoding.dataset(of: try table.encoding.read(testFile, options.format)).dataset
      problem.test = rows
      let known = rows.countOfRows(alsoIn: [table.train, table.validation])
      problem.summary +=
        "; \(testFile): \(rows.count) rows to test"
        + (known > 0 ? ", \(known) of them also in the table, alike in all that a model sees" : "")
    }
    return problem
  }
}
