import CKernels
import COneDNN

/// Facts and settings of the machinery that runs programs.
public enum Engine {
  /// Threads that kernels use which the calling thread starts. Results are reproducible bit for bit for a fixed number.
  public static var threadCount: Int { Int(ck_thread_count()) }

  /// Sets the number of threads of all kernels that the calling thread starts; at least 1.
  public static func setThreadCount(_ count: Int) { ck_set_thread_count(Int32(clamping: count)) }

  /// What a body gives whose kernels use so many threads; afterwards the number is what it was.
  public static func withThreadCount<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    let before = threadCount
    setThreadCount(count)
    defer { setThreadCount(before) }
    return try body()
  }

  /// The best instruction set that both the machine and our kernels have.
  public static var instructionSet: String {
    switch ck_instruction_set_in_use() {
    case CK_AVX512: "AVX-512"
    case CK_AVX2: "AVX2"
    default: "portable"
    }
  }

  /// Whether large products are our own: see `ck_has_own_products`.
  package static var hasOwnProducts: Bool { ck_has_own_products() }

  /// The version of oneDNN in use.
  public static var oneDNNVersion: String { String(cString: cd_version()) }
}
