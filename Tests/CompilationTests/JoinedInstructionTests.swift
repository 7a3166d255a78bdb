import Arrays
import CKernels
import Compilation
import Graphs
import TestSupport
import Testing

/// Instructions that do the work of several leave no bit different.
@Suite struct JoinedInstructionTests {
  /// What one instruction may stand for, as a list of steps; each may use all before it.
  private static let forms: [String: @Sendable ([Tensor]) -> [Tensor]] = [
    "root": { x in
      let isPositive = x[0] .> 0
      let chosen = select(isPositive, x[0], 1)
      let root = sqrt(chosen)
      return [chosen, root, select(isPositive, root, 0)]
    },
    "blend": { x in
      let (left, right) = (x[0] * x[1], x[2] * x[3])
      return [left, right, left + right]
    },
    "sum and product": { x in
      let product = x[0] * x[1]
      return [product, x[2] + product]
    },
    "difference and product": { x in
      let product = x[0] * x[1]
      return [product, x[2] - product]
    },
    "adaptive step": { x in
      let (above, below) = (x[0] * x[1], x[2] * x[3])
      let isPositive = below .> 0
      let chosen = select(isPositive, below, 1)
      let plain = sqrt(chosen)
      let root = select(isPositive, plain, 0)
      let sum = root + x[4]
      return [above, below, chosen, plain, root, sum, above / sum]
    },
  ]

  /// Where all steps are results, nothing can be joined.
  @Test(arguments: forms.keys.sorted(), [ElementType.float32, .float64])
  func sameBits(_ form: String, _ type: ElementType) throws {
    let form = Self.forms[form]!
    var x = (0..<5).map { RandomKey(seed: $0).normal([1037], type) }
    let odd: [Double] = [0, -0.0, .nan, .infinity, -.infinity, 1e-38, -1e-38, 1e38, 3e-39]
    for index in x.indices {
      var numbers = x[index].converted(to: .float64).doubles
      for (at, number) in odd.enumerated() { numbers[(at * (index + 3)) % 97] = number }
      x[index] = NDArray(numbers, shape: [1037]).converted(to: type)
    }
    let apart = try Evaluation.compiled.run(x) { _, x in form(x) }
    let joined = try Evaluation.compiled.run(x) { _, x in [form(x).last!] }
    #expect(
      zip(joined[0].doubles, apart.last!.doubles).allSatisfy {
        $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
      })
  }

  private static func instruction(_ operation: ck_operation, _ destination: UInt16, _ sources: UInt16...)
    -> ck_instruction
  {
    ck_instruction(UInt16(operation.rawValue) * 4, into: destination, from: sources)
  }

  /// Adam's chain: what is read elsewhere stays.
  @Test(arguments: [nil, 18, 20, 21, 25] as [UInt16?]) func joinsWhatIsReadOnce(_ kept: UInt16?) {
    let make = Self.instruction
    var list = [
      make(CK_OP_MULTIPLY, 10, 0, 1), make(CK_OP_MULTIPLY, 11, 2, 3), make(CK_OP_ADD, 12, 10, 11),
      make(CK_OP_MULTIPLY, 18, 12, 4), make(CK_OP_MULTIPLY, 19, 5, 6), make(CK_OP_GREATER, 20, 19, 7),
      make(CK_OP_SELECT, 21, 20, 19, 8), make(CK_OP_SQRT, 22, 21), make(CK_OP_SELECT, 23, 20, 22, 7),
      make(CK_OP_ADD, 24, 23, 9), make(CK_OP_DIVIDE, 25, 18, 24),
    ]
    let keeps = [25, 12] + (kept.map { [$0] } ?? [])
    list.joinRoots(keeping: keeps) { register, value in (register, value) == (7, 0) || (register, value) == (8, 1) }
    list.joinProducts(keeping: keeps)
    list.joinRatios(keeping: keeps)
    let operations = list.map(\.operation)
    let expected: [ck_operation] =
      switch kept {
      case 18: [CK_OP_BLEND, CK_OP_MULTIPLY, CK_OP_MULTIPLY, CK_OP_ROOT, CK_OP_ADD, CK_OP_DIVIDE]
      case 20, 21:
        [
          CK_OP_BLEND, CK_OP_MULTIPLY, CK_OP_MULTIPLY, CK_OP_GREATER, CK_OP_SELECT, CK_OP_SQRT, CK_OP_SELECT, CK_OP_ADD,
          CK_OP_DIVIDE,
        ]
      default: [CK_OP_BLEND, CK_OP_RATIO_TO_ROOT]
      }
    #expect(operations == expected)
  }
}
