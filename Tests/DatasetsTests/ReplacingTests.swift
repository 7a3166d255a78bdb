import Datasets
import Testing

@Suite struct ReplacingTests {
  private func images(_ start: UInt8, count: Int, height: Int = 2) -> Dataset {
    Dataset(
      name: "i",
      features: .images((0..<UInt8(count * height)).map { start + $0 }, height: height, width: 1, channels: 1),
      targets: .classes((0..<Int32(count)).map { $0 + Int32(start) }))
  }

  @Test func oneExampleIsReplaced() throws {
    let changed = try images(0, count: 3).replacing(1, by: images(100, count: 2), at: 1)
    guard case .images(let bytes, _, _, _) = changed.features else { return #expect(Bool(false), "no images") }
    #expect(bytes == [0, 1, 102, 103, 4, 5] && changed.labels == [0, 101, 2])
    func rows(_ values: [Float]) -> Dataset {
      let array = NDArray(values, shape: [values.count / 2, 2])
      return Dataset(name: "r", features: .numbers(array), targets: .numbers(array))
    }
    let numbers = rows([0, 1, 2, 3])
    let other = try numbers.replacing(0, by: rows([7, 8, 9, 10, 11, 12]), at: 2)
    #expect(other.featureArray(0..<2).floats == [11, 12, 2, 3])
    #expect(other.targetArray(at: [0, 1]).floats == [11, 12, 2, 3])
    #expect(numbers.featureArray(0..<2).floats == [0, 1, 2, 3])
  }

  @Test func misfitsAreNamed() {
    #expect(throws: DatasetError.self) {
      try images(0, count: 3).replacing(0, by: images(0, count: 3, height: 3), at: 0)
    }
  }
}
