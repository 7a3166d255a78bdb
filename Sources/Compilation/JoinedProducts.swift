import CKernels

extension [ck_instruction] {
  /// Makes one instruction of a product and the sum or difference that alone reads it: one pass over the tile, same bits.
  ///
  /// Each register has one writer; those that are kept are read outside.
  mutating func joinProducts(keeping kept: [UInt16]) {
    var uses: [UInt16: Int] = [:]
    for register in flatMap({ Set($0.sources) }) + kept { uses[register, default: 0] += 1 }
    var products: [UInt16: ck_instruction] = [:]
    var joined: Set<UInt16> = []
    for index in indices {
      let old = self[index]
      guard old.type == CK_FLOAT32 || old.type == CK_FLOAT64 else { continue }
      func product(_ register: UInt16) -> ck_instruction? { uses[register] == 1 ? products[register] : nil }
      func join(_ operation: ck_operation, _ product: ck_instruction, _ other: UInt16) {
        joined.insert(product.destination)
        self[index] = ck_instruction(
          opcode: UInt16(operation.rawValue) * 4 + old.opcode % 4, destination: old.destination, a: product.a,
          b: product.b, c: other)
      }
      switch old.operation {
      case CK_OP_MULTIPLY: products[old.destination] = old
      case CK_OP_ADD where old.a != old.b:
        if let right = product(old.b) {
          join(CK_OP_MULTIPLY_ADD, right, old.a)
        } else if let left = product(old.a) {
          join(CK_OP_MULTIPLY_ADD, left, old.b)
        }
      case CK_OP_SUBTRACT where old.a != old.b:
        if let right = product(old.b) {
          join(CK_OP_SUBTRACT_PRODUCT, right, old.a)
        } else if let left = product(old.a) {
          join(CK_OP_MULTIPLY_SUBTRACT, left, old.b)
        }
      default: break
      }
    }
    removeAll { joined.contains($0.destination) }
  }
}

extension ck_instruction {
  var operation: ck_operation { ck_operation(UInt32(opcode / 4)) }
  var type: ck_type { ck_type(UInt32(opcode % 4)) }

  private var hasTwoResults: Bool { operation == CK_OP_GELU_AND_SLOPE || operation == CK_OP_RELU_AND_MASK }
  var sources: [UInt16] { hasTwoResults ? [a] : [a, b, c] }
  var destinations: [UInt16] { hasTwoResults ? [destination, b] : [destination] }
}
