import Diagnostics

/// A diagnostic that a descent carries: it reads the descent and never disturbs it.
///
/// What it needs to go on exactly lies in the checkpoints, beside the descent's own state.
public protocol Watch: AnyObject {
  /// What is needed to go on; empty where nothing is.
  var memory: Tree<NDArray> { get }
  /// Called once before a session's first update.
  /// - Parameter memory: what the checkpoint holds; nil for a fresh start.
  /// - Throws: `TrainingError` where the checkpoint lacks what it needs; what measuring throws.
  func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws
  /// Called after each update.
  ///
  /// - Throws: `TrainingError` where it cannot follow, as a twin that diverges.
  func follow(_ trainer: Trainer) throws
  /// What is seen now, by tag; called at the start and after each epoch, or when `every` says.
  ///
  /// - Throws: what measuring throws, as `ShapeError`.
  func look(_ trainer: Trainer) throws -> [String: Double]
}

extension Watch {
  public var memory: Tree<NDArray> { Tree() }
  public func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {}
  public func follow(_ trainer: Trainer) throws {}
}

/// What there is to watch: a model with its loss, and the examples that it is trained and validated on.
public struct WatchSite: Sendable {
  /// What descends.
  public var model: any Layer
  /// What it descends on.
  public var loss: LossFunction
  /// The examples that it learns from.
  public var train: Dataset
  /// Examples that it does not learn from.
  public var validation: Dataset
  /// What features are still scaled by; nil where they are ready.
  public var normalization: Normalization?
  /// Decides which examples are looked at, and noise.
  public var key: RandomKey

  public init(
    model: any Layer, loss: LossFunction, train: Dataset, validation: Dataset, normalization: Normalization?,
    key: RandomKey
  ) {
    self.model = model
    self.loss = loss
    self.train = train
    self.validation = validation
    self.normalization = normalization
    self.key = key
  }

  /// That many examples of a set, drawn without replacement; all where there are fewer.
  ///
  /// - Parameters:
  ///   - name: tells draws apart: the same name draws the same examples.
  ///   - inOrder: whether they come in the set's order; else in a random one.
  public func examples(
    _ dataset: Dataset, _ count: Int, _ name: String, inOrder: Bool = true
  ) -> ExampleArrays {
    var indices = Array(key.split(name).permutation(dataset.count).prefix(count))
    if inOrder { indices.sort() }
    var features = dataset.featureArray(at: indices)
    normalization?.apply(to: &features)
    return ExampleArrays(features: features, targets: dataset.targetArray(at: indices))
  }

  /// Of each set of which a look sees only so many examples, how many these are (`examples/NAME`) and of how many
  /// (`of/NAME`): a number of some examples is another than that of all.
  func shares(of count: Int) -> [String: Double] {
    var shares: [String: Double] = [:]
    for (name, set) in [("train", train), ("validation", validation)] where count < set.count {
      (shares["examples/" + name], shares["of/" + name]) = (Double(count), Double(set.count))
    }
    return shares
  }
}

/// All diagnostics of one descent, with the time that each takes.
public final class Watches {
  /// In the order in which they look.
  public let names: [String]
  /// Seconds that each has taken in this session.
  public private(set) var seconds: [String: Double]
  /// Seconds of all of them.
  package var total: Double { seconds.values.reduce(0, +) }
  private let watches: [any Watch]
  private let intervals: [String: WatchInterval]
  private let clock: () -> Double

  /// - Parameter clock: seconds, from any origin.
  /// - Throws: `DescentError` where one does not apply to the site.
  public init(_ configuration: WatchConfiguration, on site: WatchSite, clock: @escaping () -> Double) throws {
    names = configuration.items.map(\.name)
    watches = try configuration.items.map { try $0.makeWatch(on: site) }
    intervals = Dictionary(uniqueKeysWithValues: try configuration.items.map { ($0.name, try $0.interval()) })
    seconds = Dictionary(uniqueKeysWithValues: names.map { ($0, 0) })
    self.clock = clock
  }

  /// What all of them need to go on, each below its name.
  public var memory: Tree<NDArray> {
    zip(names, watches).reduce(Tree()) { $0.merging($1.1.memory.prefixed($1.0)) }
  }

  /// Begins all of them.
  ///
  /// - Throws: what one of them throws.
  public func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    try each { name, watch in try watch.begin(trainer, memory: memory?.subtree(name)) }
  }

  /// Tells all of them of an update.
  ///
  /// - Throws: what one of them throws.
  public func follow(_ trainer: Trainer) throws { try each { try $1.follow(trainer) } }

  /// Whether it is the turn of any.
  public func isDue(_ trainer: Trainer) -> Bool { names.contains { isDue($0, trainer) } }

  private func isDue(_ name: String, _ trainer: Trainer) -> Bool {
    intervals[name]!.isDue(after: trainer.step, length: trainer.batches.batchesPerEpoch)
  }

  /// What each sees now whose turn it is, in the order of `names`.
  ///
  /// - Throws: what one of them throws.
  ///
  /// - Parameter ofTurn: whether those look whose turn it is; else the others.
  public func look(_ trainer: Trainer, ofTurn: Bool = true) throws -> [(name: String, values: [String: Double])] {
    var found: [(name: String, values: [String: Double])] = []
    try each { name, watch in
      if isDue(name, trainer) == ofTurn { found.append((name, try watch.look(trainer))) }
    }
    return found
  }

  private func each(_ body: (String, any Watch) throws -> Void) throws {
    for (name, watch) in zip(names, watches) {
      let start = clock()
      try body(name, watch)
      seconds[name]! += clock() - start
    }
  }
}
