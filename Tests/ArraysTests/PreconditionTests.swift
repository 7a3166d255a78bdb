import Arrays
import Testing

/// Whoever breaks a promise of the interface is told which one, in release builds too.
@Suite struct PreconditionTests {
  @Test func theSentenceIsSaid() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = NDArray([1.0, 2], shape: [3])
      })
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.contains("2 values cannot fill the shape [3]"), "\(text)")
  }
}
