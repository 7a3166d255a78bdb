/// How far the descent is, as float32 scalars that change from step to step.
public struct Counters {
  /// Updates made before this one.
  public var updates: Tensor {
    // Of another count nothing is known before it runs.
    didSet { occasions = nil }
  }
  /// Samples seen before this update.
  public var samples: Tensor
  /// Passes over the data before this update, a fraction.
  public var epochs: Tensor
  /// What is known of the update while it is recorded; nil where one program makes all updates.
  package var occasions: Occasions?

  public init(updates: Tensor, samples: Tensor, epochs: Tensor) {
    self.updates = updates
    self.samples = samples
    self.epochs = epochs
  }
}

/// What surrounds one update. A transformation sees of it only what it declared to need.
public struct UpdateContext {
  /// How far the descent is.
  public private(set) var counters: Counters
  private var availableParameters: Parameters?
  private var availableLoss: Tensor?
  private let availableKey: Tensor?
  /// Keys that were handed out before.
  private var draws = 0
  /// What made the gradient that of a function of the loss; nil where it is the loss's.
  private var lossFunction: String?
  private let availableProduct: ((Updates) throws -> Updates)?
  private var allowed: Requirements = [.parameters, .loss, .randomness, .curvature]
  private var user = "the transformation"
  private var isOutermost = true

  /// What was asked for so far.
  public private(set) var used: Requirements = []
  /// Scalars worth recording, by tag: "optimizer/learningRate". Reported after every step.
  public private(set) var readings: [String: Tensor] = [:]
  /// Factor that the next `LearningRate` applies, set by transformations that act through the rate.
  public var rateFactor: Tensor?
  /// The rate of the steps, with its factor, set by the stage that makes them; nil before, and where several chains make them.
  public var rate: Tensor?
  /// Where steps are taken from, where that is not where gradients are.
  private var stepStart: Parameters?
  /// Whether the updates are steps already, not gradients.
  public private(set) var hasStepped = false

  /// - Parameters:
  ///   - parameters: where the descent is; nil where no stage needs them.
  ///   - loss: a scalar, at the parameters.
  ///   - key: 2 x int32, of this update.
  ///   - hessianProduct: the product of the loss's Hessian at the parameters with a vector; nil where no stage needs it.
  public init(
    counters: Counters, parameters: Parameters? = nil, loss: Tensor? = nil, key: Tensor? = nil,
    hessianProduct: ((Updates) throws -> Updates)? = nil
  ) {
    self.counters = counters
    availableParameters = parameters
    availableLoss = loss
    availableKey = key
    availableProduct = hessianProduct
  }

  private mutating func need<T>(_ value: T?, _ requirement: Requirements) throws -> T {
    guard allowed.contains(requirement) else { throw DescentError("\(user) uses \(requirement) without declaring it") }
    guard let value else { throw DescentError("\(user) needs \(requirement), which this descent does not provide") }
    used.formUnion(requirement)
    return value
  }

  /// - Throws: `DescentError` where `.parameters` was not declared or is not there.
  public mutating func parameters() throws -> Parameters { try need(availableParameters, .parameters) }
  /// The point that steps are added to: the parameters, but within `ScheduleFree`, whose chain moves another point.
  /// - Throws: as `parameters()`.
  public mutating func startOfStep() throws -> Parameters {
    let here = try parameters()
    return stepStart.map { start in Parameters(here.tree.mapWithPaths { start[$0] ?? $1 }) } ?? here
  }
  /// - Throws: `DescentError` where `.loss` was not declared or is not there.
  public mutating func loss() throws -> Tensor { try need(availableLoss, .loss) }
  /// A key, 2 x int32: that of this step for the first stage that asks, and another one for each that asks after it.
  /// - Throws: `DescentError` where `.randomness` was not declared or is not there.
  public mutating func key() throws -> Tensor {
    let key = try need(availableKey, .randomness)
    defer { draws += 1 }
    // Any odd number, far from those that are added elsewhere.
    let shift = Int32(truncatingIfNeeded: draws &* 0x632B_E5AB)
    return draws == 0 ? key : key + key.graph.constant(NDArray([shift, Int32(0)]))
  }
  /// The product of the loss's Hessian at the parameters with a vector, which is constant for derivatives.
  /// - Throws: `DescentError` where `.curvature` was not declared or is not there.
  public mutating func hessianProduct(along direction: Updates) throws -> Updates {
    let product = try need(availableProduct, .curvature)
    guard lossFunction == nil else {
      throw DescentError(
        "\(user) takes the Hessian of the loss, and \(lossFunction!) the gradient of a function of it: leave one of them out"
      )
    }
    return try product(direction)
  }

  /// Notes that gradients are those of a function of the loss from here on, whose Hessian is not there.
  mutating func transformLoss(by transformation: String) { lossFunction = transformation }

  /// Notes that steps are added to another point than the parameters.
  mutating func start(stepsFrom point: Parameters) { stepStart = point }

  /// Adds a reading; of several under one tag the last counts.
  public mutating func record(_ tag: String, _ value: Tensor) { readings[tag] = value }

  /// Notes that updates are steps from here on, and hands out the factor that was set for this rate.
  ///
  /// - Throws: `DescentError` where they are steps already: two rates would climb.
  public mutating func step() throws -> Tensor? {
    guard !hasStepped else { throw DescentError("\(user) is a second rate: the updates are steps already") }
    hasStepped = true
    defer { rateFactor = nil }
    return rateFactor
  }

  /// Runs a transformation with only what it declared.
  ///
  /// - Parameters:
  ///   - parameters, loss, counters: what it sees in place of this context's.
  /// - Throws: `DescentError` where it breaks the protocol, or what it throws itself.
  public mutating func run(
    _ transformation: some GradientTransformation, _ updates: Updates, _ state: Tree<Tensor>,
    parameters: Parameters? = nil, loss: Tensor? = nil, counters: Counters? = nil
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var inner = self
    if let parameters { inner.availableParameters = parameters }
    if let loss { inner.availableLoss = loss }
    if let counters { inner.counters = counters }
    inner.allowed = transformation.requirements
    inner.user = transformation.description
    inner.isOutermost = false
    let result = try transformation.apply(to: updates, state: state, in: &inner)
    try Self.check("updates", of: transformation, updates.tree, result.updates.tree)
    try Self.check("state", of: transformation, state, result.state)
    if isOutermost, inner.rateFactor != nil {
      throw DescentError("\(transformation.description) changes the rate, and no rate follows")
    }
    used = inner.used
    (draws, lossFunction) = (inner.draws, inner.lossFunction)
    readings = inner.readings
    (rateFactor, rate) = (inner.rateFactor, inner.rate)
    hasStepped = inner.hasStepped
    return result
  }

  private static func check(
    _ what: String, of transformation: some GradientTransformation, _ before: Tree<Tensor>, _ after: Tree<Tensor>
  ) throws {
    guard before.paths == after.paths else {
      throw DescentError("\(transformation.description) changed the paths of its \(what)")
    }
    for (path, (old, new)) in before.zipped(with: after, { ($0, $1) }) where old.type != new.type && !new.isPoisoned {
      throw DescentError(
        "\(transformation.description) turned \(path) of its \(what) from \(old.type) into \(new.type)")
    }
  }

  /// Runs transformations side by side on parts of the parameters: each starts from the same context, and they must
  /// agree on what they leave behind.
  mutating func runParts(
    _ parts: [(name: String, run: (inout UpdateContext) throws -> Void)], of user: String
  ) throws {
    let start = self
    // Several chains have several rates.
    defer { if !start.hasStepped { rate = nil } }
    for (index, part) in parts.enumerated() {
      var own = start
      own.readings = [:]
      try part.run(&own)
      guard own.rateFactor == nil || own.rateFactor?.value == start.rateFactor?.value else {
        throw DescentError("\(user): \(part.name) changes the rate, and no rate follows in that group")
      }
      if index > 0, own.hasStepped != hasStepped {
        throw DescentError("\(user): either all groups hold a rate or none")
      }
      hasStepped = own.hasStepped
      rateFactor = own.rateFactor
      used.formUnion(own.used)
      draws = Swift.max(draws, own.draws)
      lossFunction = lossFunction ?? own.lossFunction
      for (tag, reading) in own.readings { record("\(tag)[\(part.name)]", reading) }
    }
  }
}
