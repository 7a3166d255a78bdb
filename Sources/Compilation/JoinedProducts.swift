import CKernels

extension [ck_instruction] {
  /// Makes one instruction of a sum or difference and the products that it alone reads: one pass over the tile, same bits.
  ///
  /// Each register has one writer; those that are kept are read outside.
  package mutating func joinProducts(keeping kept: [UInt16]) {
    join(keeping: kept) { old, only in
      func product(_ register: UInt16) -> ck_instruction? { only(register, CK_OP_MULTIPLY) }
      guard old.isFloating, old.a != old.b else { return nil }
      switch old.operation {
      case CK_OP_ADD:
        if let left = product(old.a), let right = product(old.b) {
          return (old.replaced(by: CK_OP_BLEND, [left.a, left.b, right.a, right.b]), [old.a, old.b])
        }
        if let right = product(old.b) {
          return (old.replaced(by: CK_OP_MULTIPLY_ADD, [right.a, right.b, old.a]), [old.b])
        }
        return product(old.a).map { (old.replaced(by: CK_OP_MULTIPLY_ADD, [$0.a, $0.b, old.b]), [old.a]) }
      case CK_OP_SUBTRACT:
        if let right = product(old.b) {
          return (old.replaced(by: CK_OP_SUBTRACT_PRODUCT, [right.a, right.b, old.a]), [old.b])
        }
        return product(old.a).map { (old.replaced(by: CK_OP_MULTIPLY_SUBTRACT, [$0.a, $0.b, old.b]), [old.a]) }
      default: return nil
      }
    }
  }

  /// Replaces instructions and drops those that nobody reads any more.
  ///
  /// - Parameter joined: for an instruction, the one in its place and the registers that are then no longer read. Its second
  ///   argument gives the writer of a register with that operation, where one instruction alone reads it.
  mutating func join(
    keeping kept: [UInt16],
    _ joined: (ck_instruction, (UInt16, ck_operation) -> ck_instruction?) -> (ck_instruction, [UInt16])?
  ) {
    var uses: [UInt16: Int] = [:]
    for register in flatMap({ Set($0.sources) }) + kept { uses[register, default: 0] += 1 }
    var writers: [UInt16: ck_instruction] = [:]
    var dropped: Set<UInt16> = []
    for index in indices {
      if let (new, unread) = joined(
        self[index],
        { register, operation in
          guard uses[register] == 1, let writer = writers[register], writer.operation == operation else { return nil }
          return writer
        })
      {
        self[index] = new
        dropped.formUnion(unread)
      }
      for register in self[index].destinations { writers[register] = self[index] }
    }
    removeAll { dropped.contains($0.destination) }
  }
}

extension ck_instruction {
  /// Registers that an operation does not need repeat the first.
  package init(_ opcode: UInt16, into destination: UInt16, from sources: [UInt16]) {
    let all = sources + [UInt16](repeating: sources.first ?? 0, count: 5 - sources.count)
    self.init(
      opcode: opcode, destination: destination, a: all[0], b: all[1], c: all[2], e: all[3], f: all[4])
  }

  package var operation: ck_operation { ck_operation(UInt32(opcode / 4)) }
  var type: ck_type { ck_type(UInt32(opcode % 4)) }
  var isFloating: Bool { type == CK_FLOAT32 || type == CK_FLOAT64 }

  private var hasTwoResults: Bool { operation == CK_OP_GELU_AND_SLOPE || operation == CK_OP_RELU_AND_MASK }
  var sources: [UInt16] { hasTwoResults ? [a] : [a, b, c, e, f] }
  var destinations: [UInt16] { hasTwoResults ? [destination, b] : [destination] }

  /// Another operation on the same type with the same result.
  func replaced(by operation: ck_operation, _ sources: [UInt16]) -> ck_instruction {
    ck_instruction(UInt16(operation.rawValue) * 4 + opcode % 4, into: destination, from: sources)
  }
}
