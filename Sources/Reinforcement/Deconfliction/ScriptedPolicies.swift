import Arrays

/// Rules to compare a learned policy with; they see what it sees, in the scene's own units.
public struct ScriptedPolicy: Policy {
  public let name: String
  private let rule: @Sendable (UnsafePointer<Float>) -> SIMD3<Float>
  private let mean: [Float]
  private let deviation: [Float]

  /// - Parameter isNormalized: whether observations come in standard deviations, as of `DeconflictionScene.normalized`.
  init(_ name: String, isNormalized: Bool, _ rule: @escaping @Sendable (UnsafePointer<Float>) -> SIMD3<Float>) {
    self.name = name
    self.rule = rule
    mean = isNormalized ? DeconflictionScene.normalMean : Array(repeating: 0, count: 18)
    deviation = isNormalized ? DeconflictionScene.normalDeviation : Array(repeating: 1, count: 18)
  }

  public func actions(for observations: NDArray) throws -> NDArray {
    guard observations.shape.rank == 2, observations.shape[1] == 18 else {
      throw ControlError("\(name) sees 18 numbers of the deconfliction scene, not \(observations.shape)")
    }
    let count = observations.shape[0]
    var result = NDArray.zeros([count, 3])
    var row = [Float](repeating: 0, count: 18)
    observations.withUnsafeElements(of: Float.self) { o in
      result.withUnsafeMutableElements(of: Float.self) { a in
        for lane in 0..<count {
          for index in 0..<18 { row[index] = o[lane * 18 + index] * deviation[index] + mean[index] }
          let action = rule(row).clamped(lowerBound: SIMD3(repeating: -1), upperBound: SIMD3(repeating: 1))
          for axis in 0..<3 { a[lane * 3 + axis] = action[axis] }
        }
      }
    }
    return result
  }

  /// Always the same acceleration.
  public static func constant(_ action: SIMD3<Float>) -> ScriptedPolicy {
    ScriptedPolicy("constant", isNormalized: false) { _ in action }
  }

  private static func vector(_ row: UnsafePointer<Float>, _ at: Int) -> SIMD3<Float> {
    SIMD3(row[at], row[at + 1], row[at + 2])
  }

  /// The acceleration that gives a wanted velocity in one step.
  private static func towards(_ wanted: SIMD3<Float>, _ row: UnsafePointer<Float>) -> SIMD3<Float> {
    (wanted - vector(row, 3)) / (SIMD3(0.6, 0.6, 0.3) * DeconflictionScene.stepLength)
  }

  /// Straight to the goal at a speed, blind for intruders. Full speed, 1.2, is our choice; the slower, the longer conflicts
  /// last.
  public static func goalSeeking(speed: Float = 1.2, isNormalized: Bool = true) -> ScriptedPolicy {
    ScriptedPolicy("goal seeking", isNormalized: isNormalized) { row in
      towards(Memory.unit(vector(row, 0)) * speed, row)
    }
  }

  /// To the goal, pushed away from where each intruder will be closest (closest point of approach). Our own rule: it
  /// sees velocities, which a potential field does not.
  public static func closestApproach(isNormalized: Bool = true) -> ScriptedPolicy {
    ScriptedPolicy("closest approach", isNormalized: isNormalized) { row in
      let heading = Memory.unit(vector(row, 0))
      var wanted = heading * 1.1
      for slot in [6, 12] {
        let way = vector(row, slot)
        let relative = vector(row, slot + 3) - vector(row, 3)
        let time = -Memory.dot(way, relative) / max(Memory.dot(relative, relative), 1e-6)
        guard time > 0, time < 4 else { continue }
        let miss = way + relative * time
        let distance = Memory.length(miss)
        guard distance < 1.7 else { continue }
        // Exactly on course: to the left.
        let side = distance > 0.05 ? Memory.unit(miss) : SIMD3(heading.y, -heading.x, 0)
        wanted -= side * ((1.7 - distance) * 1.5 / max(time, 0.7))
      }
      return towards(wanted, row)
    }
  }
}
