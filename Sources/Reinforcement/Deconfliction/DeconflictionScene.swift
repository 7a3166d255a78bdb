import Foundation

/// A drone flies to a goal through the courses of two intruders at a time, by bounded accelerations.
///
/// The scene is made so that constants, blind goal seeking and simple rules fail, and the observation is needed: intruders
/// are spawned on courses that meet the drone's own. One step is 0.2 s, an episode at most 100 of them; the conflict
/// distance is 1, the goal a ball of radius 1 around (10, 0, 0). Actions are three accelerations in -1...1; observations are
/// 18 numbers: the way to the goal, the velocity, then for each intruder, the nearest seen first, way to it and velocity,
/// where ways are shortened to 10 and 8. Reward: progress - 0.05 - 0.02 |a|² - penalties of closeness + 3 at the goal.
///
/// Events: `conflicts` (distances that fall to 1 or below), `arrival`, `path` (length flown). The eight random numbers of each
/// spawn are drawn before the episode: policies meet the same ones.
public struct DeconflictionScene: Environment {
  /// A bias of the drone's own position, as it enters what is seen.
  public var spoofing: PositionSpoofing?

  /// Courses that intruders fly instead of straight lines.
  public var courses: RecordedCourses?

  public init(spoofing: PositionSpoofing? = nil, courses: RecordedCourses? = nil) {
    self.spoofing = spoofing
    self.courses = courses
  }

  public let name = "deconfliction"
  public let observationSpace = Box(
    low: [-10, -10, -10, -1.2, -1.2, -1.2] + Array(repeating: [-8, -8, -8, -3, -3, -3] as [Float], count: 2).joined(),
    high: [10, 10, 10, 1.2, 1.2, 1.2] + Array(repeating: [8, 8, 8, 3, 3, 3] as [Float], count: 2).joined()
  ).widened(by: 1e-4)
  public let actionSpace = ActionSpace.continuous(Box(count: 3, from: -1, to: 1))
  public let eventNames = ["conflicts", "arrival", "path"]
  public var stateCount: Int { State.count }

  static let stepLength: Float = 0.2
  static let spawnsPerSlot = 8
  static let goal = SIMD3<Float>(10, 0, 0)

  /// Where each number of a copy's state lies.
  enum State {
    static let position = 0, velocity = 3, step = 6, bias = 7, direction = 10, magnitude = 13
    /// Of each of two slots: position, velocity, age, time to the meeting, whether within a conflict, spawns so far; then
    /// what a recorded course needs: the meeting place, the heading's cosine and sine, speed, number of the course.
    static let slots = 14, slotSize = 17
    static let draws = slots + 2 * slotSize
    static let count = draws + 2 * spawnsPerSlot * 8
  }

  /// The frozen scale of observations: moments under a scripted rule with noise.
  public static let normalMean: [Float] = [5.16, 0, 0, 0.90, 0, 0, 1.13, 0, 0, -0.60, 0, 0, 3.69, 0, 0, -0.63, 0, 0]
  /// Standard deviations beside `normalMean`, one for each of the 18 numbers of an observation.
  public static let normalDeviation: [Float] = [
    3.02, 0.96, 0.80, 0.23, 0.29, 0.22, 1.93, 1.35, 0.92, 0.34, 0.69, 0.22, 2.64, 2.17, 1.20, 0.36, 0.67, 0.24,
  ]

  /// The scene as policies see it: observations in standard deviations.
  public static func normalized(
    spoofing: PositionSpoofing? = nil, courses: RecordedCourses? = nil
  ) -> NormalizedObservations {
    // As many moments as observations: this cannot fail.
    try! NormalizedObservations(
      DeconflictionScene(spoofing: spoofing, courses: courses), mean: normalMean, deviation: normalDeviation)
  }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    let memory = Memory(lanes, lane)
    let start = key.split("start").uniform(count: 3).map { Float($0) }
    let p = SIMD3(start[0] - 0.5, 2 * start[1] - 1, start[2] - 0.5)
    memory.write(p, State.position)
    let v = Memory.unit(Self.goal - p)
    memory.write(v, State.velocity)
    memory[State.step] = 0
    memory.write(.zero, State.bias)
    let draws = key.split("spawns").uniform(count: 2 * Self.spawnsPerSlot * 8)
    for (index, q) in draws.enumerated() { memory[State.draws + index] = Float(q) }
    let bias = key.split("spoofing")
    let normal = bias.normal(count: 3)
    memory.write(Memory.unit(SIMD3(Float(normal[0]), Float(normal[1]), Float(0.5 * normal[2]))), State.direction)
    memory[State.magnitude] = spoofing?.magnitude(drawnBy: bias.split("magnitude")) ?? 0
    for slot in 0..<2 {
      memory[State.slots + slot * State.slotSize + 9] = 0
      // The second intruder meets the drone two seconds later than it else would.
      spawn(slot, memory, at: slot == 0 ? p : p + 2 * v, velocity: v, delay: slot == 0 ? 0 : 2)
    }
    // A constant bias is there from the start; the others begin at zero.
    if let spoofing, spoofing.kind == .constant { spoofing.move(memory) }
    observe(memory, lanes.observations + lane * 18)
  }

  /// An intruder whose course meets the drone's own, if it kept its velocity or flew to the goal.
  private func spawn(
    _ slot: Int, _ memory: Memory, at p: SIMD3<Float>, velocity v: SIMD3<Float>, delay: Float
  ) {
    let base = State.slots + slot * State.slotSize
    let number = Int(memory[base + 9])
    memory[base + 9] = Float(number + 1)
    let first = State.draws + (slot * Self.spawnsPerSlot + number % Self.spawnsPerSlot) * 8
    func q(_ index: Int) -> Float { memory[first + index] }
    let course = q(0) < 0.5 ? v : Memory.unit(Self.goal - p)
    var h = Memory.unit(course)
    if h.x * h.x + h.y * h.y < 1e-6 { h = SIMD3(1, 0, 0) }
    let f = Memory.unit(SIMD3(-h.y, h.x, 0))
    let g = SIMD3(h.y * f.z - h.z * f.y, h.z * f.x - h.x * f.z, h.x * f.y - h.y * f.x)
    let psi = (2 * q(1) - 1) * Float.pi / 2
    let theta = (2 * q(2) - 1) * Float.pi / 9
    let bearing = cos(theta) * (cos(psi) * h + sin(psi) * f) + sin(theta) * g
    let w = -(0.7 + 0.6 * q(3)) * bearing
    let miss = SIMD3(2 * q(4) - 1, 2 * q(5) - 1, 2 * q(6) - 1) * 0.5
    let tau = 2.5 + 1.5 * q(7)
    let meeting = p + course * tau + miss
    memory[base + 6] = 0
    memory[base + 7] = tau + delay
    memory[base + 8] = 0
    memory.write(meeting, base + 10)
    // A recorded course keeps its climb and is turned to the direction of flight.
    let flat = max((w.x * w.x + w.y * w.y).squareRoot(), 1e-6)
    memory[base + 13] = w.x / flat
    memory[base + 14] = w.y / flat
    memory[base + 15] = Memory.length(w)
    // The eighth number's low bits choose, so that no other draw is needed.
    let choice = q(7) * 4096
    memory[base + 16] = courses.map { Float(Int((choice - choice.rounded(.down)) * Float($0.courses.count))) } ?? 0
    if let courses {
      follow(courses, base, memory)
    } else {
      memory.write(meeting - w * tau - w * delay, base)
      memory.write(w, base + 3)
    }
  }

  /// Puts an intruder where its recorded course is at its age.
  private func follow(_ courses: RecordedCourses, _ base: Int, _ memory: Memory) {
    let time = (memory[base + 6] - memory[base + 7]) * memory[base + 15]
    let number = min(Int(memory[base + 16]), courses.courses.count - 1)
    let (place, velocity) = courses.state(number, at: time)
    let (c, s) = (memory[base + 13], memory[base + 14])
    func turned(_ v: SIMD3<Float>) -> SIMD3<Float> { SIMD3(c * v.x - s * v.y, s * v.x + c * v.y, v.z) }
    memory.write(memory.vector(base + 10) + turned(place), base)
    memory.write(turned(velocity) * memory[base + 15], base + 3)
  }

  public func step(_ lanes: Lanes) {
    let dt = Self.stepLength
    for lane in 0..<lanes.count {
      let memory = Memory(lanes, lane)
      let chosen = lanes.actions + lane * 3
      let a = SIMD3(chosen[0], chosen[1], chosen[2]).clamped(
        lowerBound: SIMD3(repeating: -1), upperBound: SIMD3(repeating: 1))
      let before = memory.vector(State.position)
      var v = memory.vector(State.velocity) + SIMD3(0.6, 0.6, 0.3) * a * dt
      v.z = min(max(v.z, -0.4), 0.4)
      let speed = Memory.length(v)
      if speed > 1.2 { v *= 1.2 / speed }
      let p = before + v * dt
      memory.write(p, State.position)
      memory.write(v, State.velocity)
      memory[State.step] += 1
      let distance = Memory.length(Self.goal - p)
      var reward = Memory.length(Self.goal - before) - distance - 0.05 - 0.02 * Memory.dot(a, a)
      var conflicts: Float = 0
      for slot in 0..<2 {
        let base = State.slots + slot * State.slotSize
        memory[base + 6] += dt
        if let courses {
          follow(courses, base, memory)
        } else {
          memory.write(memory.vector(base) + memory.vector(base + 3) * dt, base)
        }
        let o = memory.vector(base)
        let d = Memory.length(o - p)
        if d <= 1 {
          reward -= 1 + (1 - d)
          if memory[base + 8] == 0 { conflicts += 1 }
          memory[base + 8] = 1
        } else {
          if d < 1.4 { reward -= 0.5 * (1 - (d - 1) / 0.4) }
          memory[base + 8] = 0
          if memory[base + 6] > memory[base + 7] + 1.5 { spawn(slot, memory, at: p, velocity: v, delay: 0) }
        }
      }
      let hasArrived = distance < 1
      if hasArrived { reward += 3 }
      lanes.rewards[lane] = reward
      lanes.terminated[lane] = hasArrived
      lanes.truncated[lane] = !hasArrived && memory[State.step] >= 100
      let events = lanes.events + lane * 3
      events[0] = conflicts
      events[1] = hasArrived ? 1 : 0
      events[2] = Memory.length(p - before)
      if let spoofing { spoofing.move(memory) }
      observe(memory, lanes.observations + lane * 18)
    }
  }

  private func observe(_ memory: Memory, _ row: UnsafeMutablePointer<Float>) {
    let seen = memory.vector(State.position) + memory.vector(State.bias)
    func put(_ vector: SIMD3<Float>, _ at: Int) {
      row[at] = vector.x
      row[at + 1] = vector.y
      row[at + 2] = vector.z
    }
    func shortened(_ vector: SIMD3<Float>, _ limit: Float) -> SIMD3<Float> {
      let length = Memory.length(vector)
      return length > limit ? vector * (limit / length) : vector
    }
    put(shortened(Self.goal - seen, 10), 0)
    put(memory.vector(State.velocity), 3)
    let first = memory.vector(State.slots) - seen
    let second = memory.vector(State.slots + State.slotSize) - seen
    let isSwapped = Memory.dot(second, second) < Memory.dot(first, first)
    put(shortened(first, 8), isSwapped ? 12 : 6)
    put(memory.vector(State.slots + 3), isSwapped ? 15 : 9)
    put(shortened(second, 8), isSwapped ? 6 : 12)
    put(memory.vector(State.slots + State.slotSize + 3), isSwapped ? 9 : 15)
  }
}

extension Box {
  /// Bounds moved outwards, where rounding may step over them.
  func widened(by margin: Float) -> Box { Box(low: low.map { $0 - margin }, high: high.map { $0 + margin }) }
}

/// One lane's numbers.
struct Memory {
  private let start: UnsafeMutablePointer<Float>
  private let stride: Int

  @inline(__always) init(_ lanes: Lanes, _ lane: Int) {
    start = lanes.state + lane
    stride = lanes.count
  }

  @inline(__always) subscript(_ index: Int) -> Float {
    get { start[index * stride] }
    nonmutating set { start[index * stride] = newValue }
  }

  @inline(__always) func vector(_ index: Int) -> SIMD3<Float> { SIMD3(self[index], self[index + 1], self[index + 2]) }

  @inline(__always) func write(_ vector: SIMD3<Float>, _ index: Int) {
    self[index] = vector.x
    self[index + 1] = vector.y
    self[index + 2] = vector.z
  }

  @inline(__always) static func dot(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float {
    a.x * b.x + a.y * b.y + a.z * b.z
  }
  @inline(__always) static func length(_ a: SIMD3<Float>) -> Float { dot(a, a).squareRoot() }
  /// A vector of length one; zero stays zero.
  @inline(__always) static func unit(_ a: SIMD3<Float>) -> SIMD3<Float> {
    let length = length(a)
    return length > 1e-9 ? a / length : .zero
  }
}
