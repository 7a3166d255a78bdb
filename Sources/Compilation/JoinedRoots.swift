import CKernels

/// What adaptive steps are made of, in one pass over a tile, with the same bits.
extension [ck_instruction] {
  /// Makes one instruction of a square root that is 0 where its operand is not above 0, as `root` of the descents is.
  package mutating func joinRoots(keeping kept: [UInt16], _ isConstant: (UInt16, Double) -> Bool) {
    // The condition is read twice: by the choice of the operand, and by that of the result.
    var readers: [UInt16: Int] = [:]
    for register in flatMap({ Set($0.sources) }) + kept { readers[register, default: 0] += 1 }
    var conditions: [UInt16: UInt16] = [:]
    for instruction in self where instruction.operation == CK_OP_GREATER && isConstant(instruction.b, 0) {
      if readers[instruction.destination] == 2 { conditions[instruction.destination] = instruction.a }
    }
    join(keeping: kept) { old, only in
      guard old.operation == CK_OP_SELECT, old.isFloating, let x = conditions[old.a], isConstant(old.c, 0),
        let root = only(old.b, CK_OP_SQRT), let chosen = only(root.a, CK_OP_SELECT), chosen.a == old.a,
        chosen.b == x, isConstant(chosen.c, 1)
      else { return nil }
      return (old.replaced(by: CK_OP_ROOT, [x]), [old.a, old.b, root.a])
    }
  }

  /// Makes one instruction of ab / (root(ce) + f).
  package mutating func joinRatios(keeping kept: [UInt16]) {
    join(keeping: kept) { old, only in
      guard old.operation == CK_OP_DIVIDE, old.isFloating, old.a != old.b, let above = only(old.a, CK_OP_MULTIPLY),
        let sum = only(old.b, CK_OP_ADD), sum.a != sum.b
      else { return nil }
      for (first, second) in [(sum.a, sum.b), (sum.b, sum.a)] {
        guard let root = only(first, CK_OP_ROOT), let below = only(root.a, CK_OP_MULTIPLY) else { continue }
        return (
          old.replaced(by: CK_OP_RATIO_TO_ROOT, [above.a, above.b, below.a, below.b, second]),
          [old.a, old.b, first, root.a]
        )
      }
      return nil
    }
  }
}
