/// A false position from a satellite receiver: what a drone sees of itself is its position plus a bias.
///
/// The bias enters the way to the goal and the ways to the intruders, whose broadcast positions are absolute; it does not
/// enter velocities, nor what is true (reward, conflict, arrival). Lengths are those of the scene.
public struct PositionSpoofing: Hashable, Sendable, Codable {
  /// How the bias runs over an episode.
  public enum Kind: String, CaseIterable, Sendable, Codable {
    /// sp1: constant, in a direction of the episode.
    case constant
    /// sp2: drifting in that direction, 0.25 a second, up to the magnitude.
    case drifting
    /// sp3: away from the nearest intruder, so that it seems farther; moves by 1 a second.
    case nearest
    /// sp4: against the predicted miss vector of the most urgent intruder, so that the courses seem to miss each other
    /// by more; moves by 1 a second.
    case predicted

    /// sp1 to sp4.
    public var shortName: String { "sp\(Kind.allCases.firstIndex(of: self)! + 1)" }
  }

  /// How the bias runs.
  public var kind: Kind
  /// The length of the bias, in lengths of the scene; the largest where it is randomised.
  public var magnitude: Float
  /// Whether each episode draws its magnitude uniformly from 0...magnitude: domain randomisation.
  public var isRandomized = false

  public init(_ kind: Kind, magnitude: Float, isRandomized: Bool = false) {
    self.kind = kind
    self.magnitude = magnitude
    self.isRandomized = isRandomized
  }

  /// "sp2 1.5", or "random sp1 1".
  /// - Throws: `ControlError` naming what there is.
  public init(text: String) throws {
    var words = text.split(separator: " ").map(String.init)
    isRandomized = words.first == "random"
    if isRandomized { words.removeFirst() }
    guard words.count == 2, let kind = Kind.allCases.first(where: { $0.shortName == words[0] }),
      let magnitude = Float(words[1]), magnitude >= 0, magnitude.isFinite
    else { throw ControlError("\"\(text)\" is no spoofing: write sp1, sp2, sp3 or sp4 and a magnitude, as sp2 1.5") }
    self.kind = kind
    self.magnitude = magnitude
  }

  /// As the options of `descent control` name it: "sp2 1.5", "random sp1 1".
  public var description: String { (isRandomized ? "random " : "") + "\(kind.shortName) \(magnitude)" }

  func magnitude(drawnBy key: RandomKey) -> Float {
    isRandomized ? magnitude * Float(key.uniform(count: 1)[0]) : magnitude
  }

  /// Moves the bias of one copy to its place in the state after a step.
  @inline(__always) func move(_ memory: Memory) {
    typealias State = DeconflictionScene.State
    let limit = memory[State.magnitude]
    let dt = DeconflictionScene.stepLength
    switch kind {
    case .constant: memory.write(memory.vector(State.direction) * limit, State.bias)
    case .drifting:
      memory.write(memory.vector(State.direction) * min(0.25 * memory[State.step] * dt, limit), State.bias)
    case .nearest, .predicted:
      let goal = Memory.unit(kind == .nearest ? wayToNearest(memory) : predictedMiss(memory)) * -limit
      let bias = memory.vector(State.bias)
      let change = goal - bias
      let length = Memory.length(change)
      // At most `dt` towards the goal; rounding never takes it out of the ball.
      let moved = length <= dt ? goal : bias + change * (dt / length)
      let size = Memory.length(moved)
      memory.write(size > limit ? moved * (limit / size) : moved, State.bias)
    }
  }

  private func wayToNearest(_ memory: Memory) -> SIMD3<Float> {
    typealias State = DeconflictionScene.State
    let p = memory.vector(State.position)
    let a = memory.vector(State.slots) - p
    let b = memory.vector(State.slots + State.slotSize) - p
    return Memory.dot(b, b) < Memory.dot(a, a) ? b : a
  }

  /// Where the most urgent intruder will be, seen from the drone, when they are closest. Our choice of "most urgent": of
  /// those that come closer, the one that will come closest; the nearest where none does.
  private func predictedMiss(_ memory: Memory) -> SIMD3<Float> {
    typealias State = DeconflictionScene.State
    let (p, v) = (memory.vector(State.position), memory.vector(State.velocity))
    var best = SIMD3<Float>.zero
    var smallest = Float.infinity
    for slot in 0..<2 {
      let base = State.slots + slot * State.slotSize
      let way = memory.vector(base) - p
      let relative = memory.vector(base + 3) - v
      let closing = -Memory.dot(way, relative)
      guard closing > 0 else { continue }
      let miss = way + relative * (closing / max(Memory.dot(relative, relative), 1e-9))
      let distance = Memory.dot(miss, miss)
      if distance < smallest { (best, smallest) = (miss, distance) }
    }
    return smallest.isFinite ? best : wayToNearest(memory)
  }
}
