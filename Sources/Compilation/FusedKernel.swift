import CKernels
import Graphs

/// Builds the vector program of one cluster.
struct FusedKernel {
  let graph: Graph
  let shape: Shape
  private(set) var instructions: [ck_instruction] = []
  private(set) var loads: [(view: View, register: UInt16)] = []
  private(set) var stores: [(view: View, register: UInt16)] = []
  private(set) var reductions: [(buffer: Int, register: UInt16, type: ElementType, kind: Reduction)] = []
  private var constants: [ck_fused_constant] = []
  private var registers: [Value: UInt16] = [:]
  private var registerCount: UInt16 = 0
  private var reducedAxes: [Int] = []
  /// Registers that are written through to memory, and so may not be recycled or written twice.
  private var stored: Set<UInt16> = []

  init(graph: Graph, shape: Shape) {
    self.graph = graph
    self.shape = shape
  }

  static let typeSlot: [ElementType: UInt16] = [.float32: 0, .float64: 1, .int32: 2, .bool: 3]

  static func opcode(_ operation: ck_operation, _ type: ElementType) -> UInt16 {
    UInt16(operation.rawValue) * 4 + typeSlot[type]!
  }

  private mutating func newRegister() -> UInt16 {
    defer { registerCount += 1 }
    return registerCount
  }

  /// The register that holds a value from memory.
  mutating func load(_ value: Value, _ view: View) {
    let register = newRegister()
    loads.append((view, register))
    registers[value] = register
  }

  mutating func constant(_ value: Value, _ number: Double, _ type: ElementType) {
    let register = newRegister()
    constants.append(ck_fused_constant(reg: register, type: UInt8(Self.typeSlot[type]!), value: number))
    registers[value] = register
  }

  var hasResults: Bool { !stores.isEmpty || !reductions.isEmpty }

  func holds(_ value: Value) -> Bool { registers[value] != nil }

  private mutating func emit(_ operation: ck_operation, _ type: ElementType, _ sources: [UInt16]) -> UInt16 {
    let target = newRegister()
    instructions.append(ck_instruction(Self.opcode(operation, type), into: target, from: sources))
    return target
  }

  /// GELU's slope, computed together with GELU where that is there: they share most of their work.
  private mutating func emitSlope(_ type: ElementType, _ source: UInt16) -> UInt16 {
    let gelu = Self.opcode(CK_OP_GELU, type)
    guard let index = instructions.firstIndex(where: { $0.opcode == gelu && $0.a == source }) else {
      return emit(CK_OP_GELU_SLOPE, type, [source])
    }
    let target = newRegister()
    instructions[index].opcode = Self.opcode(CK_OP_GELU_AND_SLOPE, type)
    instructions[index].b = target
    return target
  }

  /// Whether a ReLU's result is above 0, computed together with it.
  private mutating func emitMask(_ type: ElementType, _ sources: [UInt16]) -> UInt16? {
    let relu = Self.opcode(CK_OP_RELU, type)
    guard type == .float32 || type == .float64,
      constants.contains(where: { $0.reg == sources[1] && $0.value == 0 }),
      let index = instructions.firstIndex(where: { $0.opcode == relu && $0.destination == sources[0] })
    else { return nil }
    let target = newRegister()
    instructions[index].opcode = Self.opcode(CK_OP_RELU_AND_MASK, type)
    instructions[index].b = target
    return target
  }

  /// Computes an element-wise node from registers.
  mutating func compute(_ value: Value, _ operation: Operation.Elementwise, _ node: Node, _ inputs: [Value]) {
    let sources = inputs.map { registers[$0]! }
    let types = node.inputs.map { graph.nodes[$0.node].outputs[$0.output].elementType }
    switch operation {
    case .unary(.geluSlope): registers[value] = emitSlope(types[0], sources[0])
    case .unary(let operation): registers[value] = emit(operation.instruction, types[0], sources)
    case .binary(let operation): registers[value] = emit(operation.instruction, types[0], sources)
    case .compare(.greater):
      registers[value] = emitMask(types[0], sources) ?? emit(CK_OP_GREATER, types[0], sources)
    case .compare(let comparison): registers[value] = emit(comparison.instruction, types[0], sources)
    case .select: registers[value] = emit(CK_OP_SELECT, types[1], sources)
    case .cast:
      let target: ck_operation =
        switch node.outputs[0].elementType {
        case .float32: CK_OP_TO_FLOAT32
        case .float64: CK_OP_TO_FLOAT64
        case .int32: CK_OP_TO_INT32
        case .bool: CK_OP_TO_BOOL
        }
      registers[value] = emit(target, types[0], sources)
    }
  }

  mutating func reduce(_ value: Value, _ kind: Reduction, axes: [Int], into buffer: Int) {
    reducedAxes = axes
    let type = graph.nodes[value.node].outputs[value.output].elementType
    reductions.append((buffer, registers[value]!, type, kind))
  }

  /// Writes a value's register to memory.
  mutating func store(_ value: Value, to view: View) {
    var register = registers[value]!
    // Loaded registers point into their source, and one register writes to one place: copies get their own.
    if stored.contains(register) || !instructions.contains(where: { $0.destinations.contains(register) }) {
      register = emit(CK_OP_COPY, view.elementType, [register])
    }
    stored.insert(register)
    stores.append((view, register))
  }

  /// Lets registers share tiles whose values are no longer needed, so that the working set stays in the cache.
  private mutating func recycle() {
    var lastUse: [UInt16: Int] = [:]
    for (index, instruction) in instructions.enumerated() {
      for register in instruction.sources { lastUse[register] = index }
    }
    let pinned = Set(loads.map(\.register) + constants.map(\.reg) + stores.map(\.register) + reductions.map(\.register))
    var names: [UInt16: UInt16] = [:]
    var next: UInt16 = 0
    for register in pinned.sorted() {
      names[register] = next
      next += 1
    }
    var free: [UInt16] = []
    for index in instructions.indices {
      let old = instructions[index]
      let sources = Set(old.sources)
      for register in sources where !pinned.contains(register) && lastUse[register] == index {
        free.append(names[register]!)
      }
      // A bool and a float tile differ in width, so a result never shares the tile of its own operands.
      var taken = Set(sources.map { names[$0]! })
      for destination in old.destinations where !pinned.contains(destination) {
        let target: UInt16
        if let position = free.lastIndex(where: { !taken.contains($0) }) {
          target = free.remove(at: position)
        } else {
          target = next
          next += 1
        }
        names[destination] = target
        taken.insert(target)
      }
      instructions[index] = ck_instruction(
        opcode: old.opcode, destination: names[old.destination]!, a: names[old.a]!, b: names[old.b]!, c: names[old.c]!,
        e: names[old.e]!, f: names[old.f]!)
    }
    loads = loads.map { ($0.view, names[$0.register]!) }
    stores = stores.map { ($0.view, names[$0.register]!) }
    reductions = reductions.map { ($0.buffer, names[$0.register]!, $0.type, $0.kind) }
    constants = constants.map { ck_fused_constant(reg: names[$0.reg]!, type: $0.type, value: $0.value) }
    registerCount = next
  }

  /// The finished call.
  ///
  /// - Throws: `CompilationError` where it needs more axes or registers than a kernel has.
  mutating func call(
    in memory: ParameterMemory, name: String, location: SourceLocation
  ) throws(CompilationError) -> KernelCall {
    let kept = stores.map(\.register) + reductions.map(\.register)
    instructions.joinRoots(keeping: kept) { register, value in
      constants.contains { $0.reg == register && $0.value == value }
    }
    instructions.joinProducts(keeping: kept)
    instructions.joinRatios(keeping: kept)
    recycle()
    let views = loads.map(\.view) + stores.map(\.view)
    let space = IterationSpace(shape: shape.dimensions, reduced: reducedAxes, operands: views.map(\.strides))
    // Before any of them is written: the structures have room for this many.
    guard space.dims.count <= CK_FUSED_MAX_RANK else {
      throw CompilationError(
        reason: "\(name) walks over \(space.dims.count) axes that cannot be joined; a kernel takes \(CK_FUSED_MAX_RANK)"
      )
    }
    var operands: [KernelCall.Operand] = []
    func operand(_ buffer: Int, written: Bool) -> Int32 {
      operands.append(KernelCall.Operand(buffer: buffer, isWritten: written))
      return Int32(operands.count - 1)
    }
    var accesses: [ck_fused_input] = []
    for (position, (view, register)) in (loads + stores).enumerated() {
      var access = ck_fused_input()
      access.operand = operand(view.buffer, written: position >= loads.count)
      access.reg = register
      access.type = UInt8(Self.typeSlot[view.elementType]!)
      access.offset = Int64(view.offset)
      withUnsafeMutableBytes(of: &access.strides) { raw in
        let slots = raw.bindMemory(to: Int64.self)
        for (axis, stride) in space.strides[position].enumerated() { slots[axis] = Int64(stride) }
      }
      accesses.append(access)
    }
    let results = reductions.map { buffer, register, type, kind in
      ck_fused_reduction(
        operand: operand(buffer, written: true), reg: register, type: UInt8(Self.typeSlot[type]!),
        kind: UInt8(kind == .sum ? 0 : kind == .maximum ? 1 : 2))
    }
    guard registerCount <= CK_FUSED_MAX_REGISTERS else {
      throw CompilationError(
        reason: "\(name) needs \(registerCount) registers; a kernel has \(CK_FUSED_MAX_REGISTERS)",
        asksForSmallerKernels: true)
    }
    if let unknown = instructions.first(where: { !ck_fused_knows($0.opcode) }) {
      throw CompilationError(
        reason: "\(name): there is no instruction \(unknown.operation.rawValue) for type \(unknown.type.rawValue)")
    }
    var parameters = ck_fused()
    parameters.rank = Int32(space.dims.count)
    parameters.reduce_begin = Int32(space.reducedRange.lowerBound)
    parameters.reduce_end = Int32(space.reducedRange.upperBound)
    withUnsafeMutableBytes(of: &parameters.dims) { raw in
      let slots = raw.bindMemory(to: Int64.self)
      for (axis, extent) in space.dims.enumerated() { slots[axis] = Int64(extent) }
    }
    parameters.instruction_count = Int32(instructions.count)
    parameters.input_count = Int32(loads.count)
    parameters.output_count = Int32(stores.count)
    parameters.reduction_count = Int32(results.count)
    parameters.constant_count = Int32(constants.count)
    parameters.register_count = Int32(registerCount)
    parameters.instructions = memory.store(instructions)
    parameters.inputs = memory.store(Array(accesses.prefix(loads.count)))
    parameters.outputs = memory.store(Array(accesses.suffix(stores.count)))
    parameters.reductions = memory.store(results)
    parameters.constants = memory.store(constants)
    let cut = ck_fused_cut_create(&parameters)!
    memory.onRelease { ck_fused_cut_free(cut) }
    parameters.cut = cut
    return KernelCall(
      name: name, kernel: ck_fused_run, parameters: memory.store(parameters), operands: operands,
      aliases: safeAliases(),
      location: location)
  }

  /// Stores that may overwrite a load of the same addressing: the load's last reader comes no later than the writer.
  private func safeAliases() -> [(read: Int, written: Int)] {
    var result: [(read: Int, written: Int)] = []
    for load in loads {
      let others = loads.filter { $0.view.buffer == load.view.buffer && $0.register != load.register }
      guard others.isEmpty, !reductions.contains(where: { $0.register == load.register }) else { continue }
      let lastRead = instructions.lastIndex { $0.sources.contains(load.register) } ?? -1
      for store in stores where store.view.elementType == load.view.elementType {
        guard store.view.strides == load.view.strides, store.view.offset == load.view.offset,
          let written = instructions.firstIndex(where: { $0.destinations.contains(store.register) }),
          lastRead <= written
        else { continue }
        result.append((load.view.buffer, store.view.buffer))
      }
    }
    return result
  }
}
