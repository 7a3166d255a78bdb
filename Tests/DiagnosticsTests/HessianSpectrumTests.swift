import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct HessianSpectrumTests {
  private let model = MLP([3, 6, 1], activation: .tanh)
  private let probe: HessianProbe
  private let data: ExampleArrays
  private let parameters: Tree<NDArray>
  /// Of the whole Hessian by LAPACK, in rising order.
  private let eigenvalues: [Double]

  init() throws {
    let key = RandomKey(seed: 21)
    data = ExampleArrays(features: key.split("x").normal([50, 3]), targets: key.split("y").normal([50, 1]))
    parameters = try model.initialParameters(key: key.split("weights"))
    probe = HessianProbe(model) { LossFunction.squaredError.perSample($0, $1) }
    let hessian = try probe.hessian(at: parameters, on: data)
    let count = parameters.leaves.reduce(0) { $0 + $1.count }
    eigenvalues = try LinearAlgebra.symmetricEigen(of: NDArray(hessian, shape: [count, count])).values.doubles
  }

  private var size: Double { max(abs(eigenvalues.first!), abs(eigenvalues.last!)) }

  /// With as many products as parameters all is exact but for rounding: the largest eigenvalues, and where others lie.
  @Test func allProductsFindTheSpectrum() throws {
    let spectrum = try probe.spectrum(
      at: parameters, on: data, key: RandomKey(seed: 1), top: 8, directions: 2, products: 1000)
    #expect(spectrum.products <= 2 * eigenvalues.count)
    // One iteration that has found them all is enough, and knows their sum.
    if spectrum.products == eigenvalues.count {
      #expect(
        abs(spectrum.trace.estimate - eigenvalues.reduce(0, +)) < 1e-3 * size && spectrum.trace.error < 1e-3 * size)
      #expect(spectrum.nodes.allSatisfy { $0.weight == 1 / Double(eigenvalues.count) })
    }
    #expect(spectrum.largest.count == 8)
    for (found, exact) in zip(spectrum.largest, eigenvalues.reversed()) {
      #expect(abs(found.value - exact) < 1e-4 * size, "\(found) for \(exact)")
    }
    #expect(abs(spectrum.nodes.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
    for node in spectrum.nodes where node.weight > 1e-6 {
      #expect(eigenvalues.map { abs($0 - node.value) }.min()! < 1e-4 * size)
    }
    #expect(zip(spectrum.nodes, spectrum.nodes.dropFirst()).allSatisfy { $0.value <= $1.value })
  }

  /// With fewer products each estimate of the largest is from below, and an eigenvalue is as near as is said.
  @Test(arguments: [1, 2, 4, 8, 12]) func fewProducts(_ products: Int) throws {
    let spectrum = try probe.spectrum(
      at: parameters, on: data, key: RandomKey(seed: 2), top: 5, directions: 3, products: products)
    #expect(spectrum.products == 3 * products)
    #expect(spectrum.largest.count == min(5, products))
    let slack = 1e-5 * size
    for (found, exact) in zip(spectrum.largest, eigenvalues.reversed()) {
      #expect(found.value < exact + slack)
      #expect(eigenvalues.map { abs($0 - found.value) }.min()! < found.error + slack)
    }
  }

  /// The mean of f over the nodes is that over the eigenvalues: for the trace, the squares, and what lies below 0.
  @Test func nodesHaveTheMomentsOfTheSpectrum() throws {
    let spectrum = try probe.spectrum(
      at: parameters, on: data, key: RandomKey(seed: 3), directions: 100, products: 12)
    let count = Double(eigenvalues.count)
    let exact = eigenvalues.reduce(0, +)
    #expect(abs(spectrum.trace.estimate - exact) < 4 * spectrum.trace.error)
    #expect(spectrum.trace.error < 0.2 * abs(exact))
    let firstMoment = count * spectrum.nodes.reduce(0) { $0 + $1.weight * $1.value }
    #expect(abs(firstMoment - spectrum.trace.estimate) < 1e-6 * abs(exact))
    let squares = eigenvalues.reduce(0) { $0 + $1 * $1 }
    let found = count * spectrum.nodes.reduce(0) { $0 + $1.weight * $1.value * $1.value }
    #expect(abs(found - squares) < 0.25 * squares)
    let negative = eigenvalues.filter { $0 < 0 }.reduce(0, -) / eigenvalues.reduce(0) { $0 + abs($1) }
    #expect(negative > 0.01 && abs(spectrum.negativeShare - negative) < 0.25 * negative)
  }

  /// The trace is without bias, and its error is that of estimates over draws.
  @Test func traceHasItsError() throws {
    let exact = eigenvalues.reduce(0, +)
    let traces = try (0..<200).map {
      try probe.spectrum(at: parameters, on: data, key: RandomKey(seed: 100 + $0), directions: 4, products: 1).trace
    }
    let n = Double(traces.count)
    let mean = traces.reduce(0) { $0 + $1.estimate } / n
    let variance = traces.reduce(0) { $0 + ($1.estimate - mean) * ($1.estimate - mean) } / (n - 1)
    #expect(abs(mean - exact) < 4 * (variance / n).squareRoot())
    let said = traces.reduce(0) { $0 + $1.error * $1.error } / n
    #expect(said / variance > 0.7 && said / variance < 1.4)
  }

  /// One eigenvalue, three times: each direction is an eigenvector, and one product tells all.
  @Test func oneEigenvalue() throws {
    let rows = NDArray((0..<9).map { Float($0 % 4 == 0 ? 3.0.squareRoot() : 0) }, shape: [3, 3])
    let quadratic = HessianProbe(Linear(3, 1, bias: false)) { LossFunction.squaredError.perSample($0, $1) }
    let weights = Tree([(path: "weight", leaf: RandomKey(seed: 9).normal([3, 1]))])
    let spectrum = try quadratic.spectrum(
      at: weights, on: ExampleArrays(features: rows, targets: NDArray.zeros([3, 1], .float32)),
      key: RandomKey(seed: 4), directions: 3)
    #expect(spectrum.products == 3 && spectrum.largest.count == 1)
    let largest = try #require(spectrum.largest.first)
    #expect(abs(largest.value - 2) < 1e-5 && abs(spectrum.trace.estimate - 6) < 1e-4)
    #expect(spectrum.trace.error < 1e-4 && spectrum.negativeShare == 0)
  }

  /// A loss that bends nowhere, and one that is not finite.
  @Test func flatAndNotFinite() throws {
    let flat = try HessianProbe(Linear(3, 1)) { output, _ in output.sum([1]) }
      .spectrum(
        at: Linear(3, 1).initialParameters(key: RandomKey(seed: 7)), on: data, key: RandomKey(seed: 8))
    #expect(flat.trace.estimate == 0 && flat.trace.error == 0 && flat.largest.map(\.value) == [0])
    #expect(flat.negativeShare.isNaN)
    let wild = parameters.map { NDArray(repeating: 1e30, shape: $0.shape) }
    let unknown = try HessianProbe(MLP([3, 6, 1])) { LossFunction.squaredError.perSample($0, $1) }
      .spectrum(at: wild, on: data, key: RandomKey(seed: 8))
    #expect(unknown.trace.estimate.isNaN && unknown.largest.isEmpty && unknown.nodes.isEmpty)
  }
}
