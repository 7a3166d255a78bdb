import Compilation
import Differentiation
import TestSupport
import Testing

/// Programs that users have met, whatever their size or shape, compile or say why not.
@Suite struct UnusualProgramTests {
  /// Batch axes beyond what the libraries take are one axis to them.
  @Test(arguments: [ElementType.float32, .float64]) func productsOfManyAxes(_ type: ElementType) throws {
    let a = RandomKey(seed: 1).normal([2, 1, 2, 1, 2, 1, 3, 4], type)
    let b = RandomKey(seed: 2).normal([2, 2, 2, 1, 1, 2, 4, 5], type)
    let trace: TracedFunction = { _, x in
      let y = x[0].matmul(x[1].transposed([1, 0, 2, 3, 4, 5, 6, 7]))
      return [y] + gradients(of: y.squared.sum(), withRespectTo: x)
    }
    let error = Deviation.worst(
      of: try Evaluation.compiled.run([a, b], trace), from: try Evaluation.reference.run([a, b], trace))
    // Sums of up to 40 terms, of products of sums of 4.
    #expect(error < rounding(type, terms: 60))
  }

  /// Rows, columns and axes of one number, as they lie, turned, and broadcast, which have steps of 0.
  @Test(arguments: [ElementType.float32, .float64]) func productsOfRowsAndColumns(_ type: ElementType) throws {
    for (m, k, n) in [(1, 1, 600), (600, 1, 1), (1, 600, 1), (40, 30, 1), (1, 30, 40), (70, 90, 1), (1, 700, 2)] {
      for variant in 0..<9 {
        let kinds = (variant % 3, variant / 3)
        func operand(_ kind: Int, _ rows: Int, _ columns: Int, _ seed: Int) -> NDArray {
          let shape: Shape = kind == 0 ? [rows, columns] : kind == 1 ? [columns, rows] : []
          return RandomKey(seed: seed).normal(shape, type)
        }
        func matrix(_ kind: Int, _ rows: Int, _ columns: Int, _ x: Tensor) -> Tensor {
          kind == 0 ? x : kind == 1 ? x.transposed([1, 0]) : x.broadcast(to: [rows, columns])
        }
        let x = [operand(kinds.0, m, k, 1), operand(kinds.1, k, n, 2)]
        let trace: TracedFunction = { _, x in [matrix(kinds.0, m, k, x[0]).matmul(matrix(kinds.1, k, n, x[1]))] }
        let error = Deviation.worst(
          of: try Evaluation.compiled.run(x, trace), from: try Evaluation.reference.run(x, trace))
        #expect(error < rounding(type, terms: Double(k + 2)), "\(m) x \(k) x \(n), \(kinds)")
      }
    }
  }

  /// Axes that cannot be joined beyond what a kernel walks over: an error that says so, with the place.
  @Test func tooManyAxes() throws {
    let shape = Shape([Int](repeating: 2, count: 14))
    #expect {
      try Program(inputs: [TensorType(shape)]) { _, x in [x[0].transposed(Array((0..<14).reversed())) + x[0]] }
    } throws: { error in
      "\(error)".contains("axes that cannot be joined") && error is CompilationError
    }
  }

  /// Clusters that read many values keep to the registers that a kernel has.
  @Test func manyOperands() throws {
    let x = (0..<150).map { RandomKey(seed: $0).normal([3, 5], .float64) }
    let trace: TracedFunction = { _, x in
      var sums: [Tensor] = []
      for start in stride(from: 0, to: x.count - 2, by: 3) {
        sums.append(select(x[start] .> 0, x[start + 1], x[start + 2]) * x[0])
      }
      var (sum, product) = (x[0], x[1])
      for part in sums { (sum, product) = (sum + part, product * part) }
      return [sum, product]
    }
    let error = Deviation.worst(
      of: try Evaluation.compiled.run(x, trace), from: try Evaluation.reference.run(x, trace))
    // A product of 50 factors of 3 operations.
    #expect(error < rounding(terms: 150))
  }

  /// A value that is read element by element and, by the same operation, through a view.
  @Test func elementsAndViewOfOneValue() throws {
    let x = RandomKey(seed: 1).normal([1, 4], .float64)
    let trace: TracedFunction = { _, x in
      let y = tanh(x[0])
      let z = y * y.reshaped(to: [4]).broadcast(to: [1, 4])
      let turned = z.reshaped(to: [4]).reversed(axes: [0]).broadcast(to: [1, 4])
      return [z - turned]
    }
    let error = Deviation.worst(
      of: try Evaluation.compiled.run([x], trace), from: try Evaluation.reference.run([x], trace))
    #expect(error < rounding(terms: 4))
  }
}
