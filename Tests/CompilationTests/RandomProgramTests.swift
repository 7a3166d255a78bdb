import Compilation
import Differentiation
import TestSupport
import Testing

/// Random functions, compiled and by the reference: what fusing, viewing, reusing memory and donating may not change.
@Suite struct RandomProgramTests {
  /// What one function does wrong, or nil.
  private func fault(_ function: RandomFunction, donating: Bool, tolerance: Double) throws -> String? {
    let types = function.inputs.map { TensorType(of: $0) }
    let expected = try ReferenceEvaluator.run(function.inputs, function.callAsFunction)
    let donations = donating ? function.donations(expected.map { TensorType(of: $0) }) : [:]
    let program = try Program(inputs: types, donating: donations, function.callAsFunction)
    let first = try program.run(function.inputs)
    let error = Deviation.worst(of: first, from: expected)
    if error > tolerance { return "deviates by \(error)" }
    // Another call in between must leave nothing behind.
    _ = try program.run(types.map { NDArray(repeating: -3, shape: $0.shape, elementType: $0.elementType) })
    return try program.run(function.inputs) == first ? nil : "differs between two runs"
  }

  /// Some 25 of up to 30 steps round on the way to one number, and a few double errors, 64 times together; a derivative
  /// beyond the first passes them again.
  private func check(_ seed: Int, scale: Int, order: Int? = nil, _ type: ElementType, steps: Int) throws {
    let tolerance = rounding(type, terms: 25 * Double(order ?? 1), condition: 64)
    for donating in [false, true] {
      func fault(_ steps: Int) throws -> String? {
        try self.fault(
          RandomFunction(seed: seed, steps: steps, scale: scale, order: order, elementType: type), donating: donating,
          tolerance: tolerance)
      }
      guard var found = try fault(steps) else { continue }
      // The shortest beginning of the function that fails says most.
      var shortest = steps
      for fewer in 1..<steps {
        guard let earlier = try fault(fewer) else { continue }
        (found, shortest) = (earlier, fewer)
        break
      }
      let names = RandomFunction(seed: seed, steps: shortest, scale: scale, order: order, elementType: type).names
      Issue.record(
        "seed \(seed), \(shortest) steps, donating \(donating): \(found)\n\(names.joined(separator: "\n"))")
    }
  }

  @Test(arguments: 0..<150) func smallFloat64(_ seed: Int) throws {
    try check(seed, scale: 1, .float64, steps: 6 + seed % 25)
  }

  @Test(arguments: 1000..<1100) func smallFloat32(_ seed: Int) throws {
    try check(seed, scale: 1, .float32, steps: 6 + seed % 25)
  }

  @Test(arguments: 2000..<2012) func largeFloat64(_ seed: Int) throws {
    try check(seed, scale: 60, .float64, steps: 8 + seed % 12)
  }

  /// Derivatives of derivatives: kernels of composites beside their decompositions, in graphs that nobody would write.
  @Test(arguments: 3000..<3060) func secondOrder(_ seed: Int) throws {
    try check(seed, scale: 1, order: 2, .float32, steps: 4 + seed % 12)
    try check(seed, scale: 1, order: 2, .float64, steps: 4 + seed % 12)
  }

  @Test(arguments: 4000..<4024) func thirdOrder(_ seed: Int) throws {
    try check(seed, scale: 1, order: 3, .float32, steps: 3 + seed % 5)
  }
}
