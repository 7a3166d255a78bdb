import Arrays
import CKernels

/// How weights are stored, by the names and numbers of the GGUF format: plain numbers, or blocks of small whole numbers
/// with a scale each.
public enum WeightEncoding: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4Zero = 2
  case q4One = 3
  case q5Zero = 6
  case q5One = 7
  case q8Zero = 8
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case bf16 = 30

  /// As in the format: "Q4_1".
  public var name: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .q4Zero: "Q4_0"
    case .q4One: "Q4_1"
    case .q5Zero: "Q5_0"
    case .q5One: "Q5_1"
    case .q8Zero: "Q8_0"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    }
  }

  package var kernelType: ck_weight_type { ck_weight_type(rawValue) }

  /// Weights in one block; a row is a whole number of blocks.
  public var blockSize: Int { Int(ck_weight_block(kernelType)) }
  /// Bytes of one block, its scales among them.
  public var blockByteCount: Int { Int(ck_weight_block_bytes(kernelType)) }

  /// Bytes that so many weights take, or nil where they fill no whole number of blocks or the size overflows.
  public func byteCount(_ count: Int) -> Int? {
    guard count >= 0, count % blockSize == 0 else { return nil }
    let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: blockByteCount)
    return overflow ? nil : bytes
  }

  /// Weights as float32.
  ///
  /// - Precondition: `bytes` holds exactly `byteCount(shape.count)` bytes.
  public func decoded(_ bytes: UnsafeRawBufferPointer, shape: Shape) -> NDArray {
    precondition(byteCount(shape.count) == bytes.count, "\(bytes.count) bytes are no \(name) weights of shape \(shape)")
    let result = NDArray(uninitialized: shape, .float32)
    guard shape.count > 0 else { return result }
    ck_weights_decode(
      kernelType, bytes.baseAddress!, Int64(shape.count), result.storage.pointer.assumingMemoryBound(to: Float.self))
    withExtendedLifetime(result) {}
    return result
  }
}
