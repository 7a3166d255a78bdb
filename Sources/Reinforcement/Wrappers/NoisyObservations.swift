/// Observations under random noise of an amplitude drawn for each episode: the attack that knows nothing, and one half of
/// domain randomisation.
///
/// In an episode each number moves by a uniform number in ±amplitude at each step; the amplitude is uniform in 0...`largest`,
/// or `largest` itself where `isFixed`. Units are those of the observations.
public struct NoisyObservations: Environment {
  /// What is wrapped.
  public let inner: any Environment
  /// The largest amplitude, in units of observations.
  public let largest: Float
  /// Whether every episode has the largest amplitude, in place of a random one.
  public let isFixed: Bool

  public init(_ inner: any Environment, upTo largest: Float, isFixed: Bool = false) {
    self.inner = inner
    self.largest = largest
    self.isFixed = isFixed
  }

  public var name: String { inner.name }
  public var observationSpace: Box {
    let box = inner.observationSpace
    return Box(low: box.low.map { $0 - largest }, high: box.high.map { $0 + largest })
  }
  public var actionSpace: ActionSpace { inner.actionSpace }
  public var eventNames: [String] { inner.eventNames }
  /// The inner state; amplitude, step, and the two words of the noise's key (as bits).
  public var stateCount: Int { inner.stateCount + 4 }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    inner.reset(lane: lane, of: lanes, key: key)
    let noise = key.split("noise")
    let own = inner.stateCount
    lanes.component(own)[lane] = isFixed ? largest : largest * Float(noise.split("amplitude").uniform(count: 1)[0])
    lanes.component(own + 1)[lane] = 0
    // 16 bits a float: whole numbers, exact, and never a NaN.
    lanes.component(own + 2)[lane] = Float(noise.bits & 0xFFFF)
    lanes.component(own + 3)[lane] = Float(noise.bits >> 16 & 0xFFFF)
    disturb(lane, lanes)
  }

  public func step(_ lanes: Lanes) {
    inner.step(lanes)
    for lane in 0..<lanes.count {
      lanes.component(inner.stateCount + 1)[lane] += 1
      disturb(lane, lanes)
    }
  }

  private func disturb(_ lane: Int, _ lanes: Lanes) {
    let (own, width) = (inner.stateCount, inner.observationSpace.count)
    let amplitude = lanes.component(own)[lane]
    let words = SIMD2(UInt32(lanes.component(own + 2)[lane]), UInt32(lanes.component(own + 3)[lane]))
    let time = UInt32(lanes.component(own + 1)[lane])
    let row = lanes.observations + lane * width
    for start in stride(from: 0, to: width, by: 4) {
      let random = Philox.words(counter: SIMD4(UInt32(start), time, 0x6E6F, 0), key: words)
      for index in start..<min(start + 4, width) {
        // 24 bits: an exact float in [0, 1).
        row[index] += amplitude * (2 * Float(random[index - start] >> 8) * 0x1p-24 - 1)
      }
    }
  }
}
