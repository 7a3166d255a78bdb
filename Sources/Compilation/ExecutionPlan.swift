import CKernels
import COneDNN
import COpenBLAS
import Graphs

/// Calls with addresses: a flat list of steps that C runs without allocation or dispatch.
final class ExecutionPlan {
  let calls: [KernelCall]
  /// Bytes of the block that temporary buffers share.
  let arenaByteCount: Int

  /// Whether a call wakes the threads of a library, which ours then work on, too.
  private let usesLibrary: Bool
  private let memory: ParameterMemory
  private let arena: Storage
  private let constants: [Int: NDArray]
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let steps: UnsafeMutablePointer<ck_step>
  /// After how many calls nobody reads or writes a result any more, and which results these are.
  private let endings: [(callCount: Int, outputs: [Int])]
  /// Operand positions that follow an argument or a result, whose address changes from run to run.
  private let inputSlots: [[(slot: Int, byteOffset: Int)]]
  private let outputSlots: [[(slot: Int, byteOffset: Int)]]
  /// The addresses now, of arguments and then of results.
  private let addresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(_ lowering: Lowering, inputCount: Int, outputCount: Int) {
    calls = lowering.calls
    usesLibrary = lowering.usesLibraryThreads
    memory = lowering.memory
    constants = lowering.constants
    let plan = MemoryPlan(calls, lowering.buffers)
    arenaByteCount = plan.byteCount
    arena = Storage(byteCount: plan.byteCount)
    let slotCount = calls.reduce(0) { $0 + $1.operands.count }
    pointers = .allocate(capacity: max(slotCount, 1))
    pointers.initialize(repeating: nil, count: max(slotCount, 1))
    steps = .allocate(capacity: max(calls.count, 1))
    var inputSlots = [[(slot: Int, byteOffset: Int)]](repeating: [], count: inputCount)
    var outputSlots = [[(slot: Int, byteOffset: Int)]](repeating: [], count: outputCount)
    addresses = .allocate(capacity: max(inputCount + outputCount, 1))
    addresses.initialize(repeating: nil, count: max(inputCount + outputCount, 1))
    var last = [Int](repeating: 0, count: outputCount)
    var slot = 0
    for (index, call) in calls.enumerated() {
      let operands = UnsafeRawPointer(pointers + slot).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
      (steps + index).initialize(to: ck_step(kernel: call.kernel, parameters: call.parameters, operands: operands))
      for operand in call.operands {
        switch lowering.buffers[operand.buffer].kind {
        case .input(let position): inputSlots[position].append((slot, operand.byteOffset))
        case .output(let position):
          outputSlots[position].append((slot, operand.byteOffset))
          last[position] = index + 1
        case .constant: pointers[slot] = constants[operand.buffer]!.storage.pointer + operand.byteOffset
        case .temporary: pointers[slot] = arena.pointer + plan.offsets[operand.buffer]! + operand.byteOffset
        }
        slot += 1
      }
    }
    (self.inputSlots, self.outputSlots) = (inputSlots, outputSlots)
    endings = Dictionary(grouping: last.indices) { last[$0] }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  deinit {
    pointers.deallocate()
    addresses.deallocate()
    steps.deallocate()
  }

  func bindInput(_ position: Int, to address: UnsafeMutableRawPointer) {
    bind(inputSlots[position], address, now: addresses + position)
  }

  func bindOutput(_ position: Int, to address: UnsafeMutableRawPointer) {
    bind(outputSlots[position], address, now: addresses + inputSlots.count + position)
  }

  private func bind(
    _ slots: [(slot: Int, byteOffset: Int)], _ address: UnsafeMutableRawPointer,
    now: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) {
    guard now.pointee != address else { return }
    now.pointee = address
    for (slot, offset) in slots { pointers[slot] = address + offset }
  }

  /// Whether any kernel reads an argument.
  func reads(_ position: Int) -> Bool { !inputSlots[position].isEmpty }

  func run() { withThreads { ck_run(steps, Int64(calls.count)) } }

  /// Kernels wait for one another on our threads, or on the library's where a call wakes them.
  private func withThreads(_ body: () -> Void) {
    ck_share_threads_with_library(usesLibrary)
    body()
    ck_share_threads_with_library(false)
  }

  /// Results in the order in which they are final.
  var finishingOrder: [Int] { endings.flatMap(\.outputs) }

  /// Runs, and names results when they are final.
  func run(finishing body: (Int) -> Void) {
    var done = 0
    for (callCount, outputs) in endings {
      withThreads { ck_run(steps + done, Int64(callCount - done)) }
      done = callCount
      for position in outputs { body(position) }
    }
    withThreads { ck_run(steps + done, Int64(calls.count - done)) }
  }

  /// Runs once and adds each call's seconds.
  func run(addingSecondsTo seconds: inout [Double]) {
    seconds.withUnsafeMutableBufferPointer { seconds in
      withThreads { ck_run_profiled(steps, Int64(calls.count), seconds.baseAddress!) }
    }
  }
}
