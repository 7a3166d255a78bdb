import CKernels
import Graphs

/// One call of a kernel in a compiled program, on buffers that have no address yet.
struct KernelCall {
  /// An operand: a position in a buffer.
  struct Operand {
    var buffer: Int
    var byteOffset: Int = 0
    var isWritten = false
  }

  /// What it does, for profiles: "matmul 128x784x512".
  var name: String
  var kernel: ck_kernel
  /// Owned by the program's `ParameterMemory`.
  var parameters: UnsafeRawPointer?
  var operands: [Operand]
  /// Pairs (read buffer, written buffer) that may share memory: each element is read before it is written.
  var aliases: [(read: Int, written: Int)] = []
  /// Floating-point operations, where the kernel is a product.
  var flops = 0.0
  /// The first node that asked for this, for messages.
  var location: SourceLocation?
}

/// A block of memory that calls read and write.
struct Buffer {
  enum Kind: Equatable {
    case input(Int)
    case constant(Int)
    case output(Int)
    case temporary
  }

  var byteCount: Int
  var kind: Kind
}

/// Memory of kernel parameters: plain C structures that live as long as the program.
final class ParameterMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  private var cleanups: [() -> Void] = []

  /// A copy of the values that stays where it is.
  func store<T>(_ values: [T]) -> UnsafePointer<T> {
    let block = UnsafeMutablePointer<T>.allocate(capacity: max(values.count, 1))
    block.initialize(from: values, count: values.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return UnsafePointer(block)
  }

  func store<T>(_ value: T) -> UnsafeRawPointer { UnsafeRawPointer(store([value])) }

  /// Runs when the memory is freed.
  func onRelease(_ cleanup: @escaping () -> Void) { cleanups.append(cleanup) }

  deinit {
    for cleanup in cleanups { cleanup() }
    for block in blocks { block.deallocate() }
  }
}

/// The engine cannot run a graph for a reason that is not a wrong shape.
public struct CompilationError: Error, CustomStringConvertible {
  /// Why, in one sentence.
  public var reason: String
  /// Whether kernels that do less at a time would run.
  var asksForSmallerKernels = false
  public var description: String { reason }

  init(reason: String, asksForSmallerKernels: Bool = false) {
    self.reason = reason
    self.asksForSmallerKernels = asksForSmallerKernels
  }
}
