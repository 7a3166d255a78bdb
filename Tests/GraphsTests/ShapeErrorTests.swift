import Compilation
import Graphs
import Testing

@Suite struct ShapeErrorTests {
  private func failure(_ trace: (Graph, [Tensor]) -> [Tensor]) -> ShapeError? {
    do {
      _ = try Program(inputs: [TensorType([3, 4]), TensorType([5, 6])], trace)
      return nil
    } catch { return error as? ShapeError }
  }

  @Test func namesOperationShapesAndLine() throws {
    let line = #line + 1
    let error = try #require(failure { _, x in [x[0].matmul(x[1])] })
    #expect(error.operation == "matmul")
    #expect(error.operands.map(\.shape) == [[3, 4], [5, 6]])
    #expect(error.location.line == line)
    #expect(error.description.contains("ShapeErrorTests.swift:\(line)"))
  }

  @Test func theFirstErrorWins() throws {
    let error = try #require(failure { _, x in [(x[0] + x[1]).matmul(x[1]).reshaped(to: [7])] })
    #expect(error.operation == "add")
    #expect(error.reason.contains("[3, 4] and [5, 6]"))
  }

  @Test func everyMisuseIsFound() {
    #expect(failure { _, x in [x[0].reshaped(to: [5])] } != nil)
    #expect(failure { _, x in [x[0].reshaped(to: [-1, 5])] } != nil)
    #expect(failure { _, x in [x[0].transposed([0, 0])] } != nil)
    #expect(failure { _, x in [x[0].sum([2])] } != nil)
    #expect(failure { _, x in [x[0].slice(2..<9, axis: 1)] } != nil)
    #expect(failure { _, x in [concatenate([x[0], x[1]], axis: 0)] } != nil)
    #expect(failure { _, x in [x[0].gathering(x[1])] } != nil)
    #expect(failure { _, x in [x[0].convolved(with: x[1])] } != nil)
    #expect(failure { _, x in [select(x[0], x[0], x[0])] } != nil)
    #expect(failure { _, x in [softmaxCrossEntropy(x[0], labels: x[1])] } != nil)
    #expect(failure { _, x in [x[0].cast(to: .int32).cumulativeSum(axis: 5)] } != nil)
    #expect(failure { _, x in [x[0] + x[0].cast(to: .float64)] } != nil)
    #expect(failure { _, x in [exp(x[0].cast(to: .int32))] } != nil)
    #expect(failure { _, x in [x[0].broadcast(to: [4])] } != nil)
    #expect(failure { _, x in [x[0]] } == nil)
  }
}

@Suite struct GraphTests {
  @Test func equalOperationsAreRecordedOnce() {
    let graph = Graph()
    let x = graph.input(TensorType([2]))
    let before = graph.nodes.count
    _ = exp(x)
    _ = exp(x)
    #expect(graph.nodes.count == before + 1)
  }

  @Test func simplificationsKeepTheValue() {
    let graph = Graph()
    let x = graph.input(TensorType([2, 3]))
    #expect((x * 1).value == x.value)
    #expect((x + 0).value == x.value)
    #expect((x.filled(with: 2) * 3).fillValue == 6)
  }
}
