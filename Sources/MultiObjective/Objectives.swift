@_exported import Compilation
@_exported import Parameters

/// Finite sums f_s(x) = (1/n) Σ_j f_sj(x) with their gradients from compiled programs, S objectives on n samples.
///
/// One instance, with those made of it by `on(_:)`, belongs to one thread at a time.
public final class Objectives {
  /// S.
  public let count: Int
  /// n.
  public let sampleCount: Int
  /// The number of parameters, d.
  public let dimension: Int
  private let data: [NDArray]
  private let elementType: ElementType
  private let losses: (Tensor, [Tensor]) throws -> [Tensor]
  private let programs: Programs
  /// Samples that a program takes at most.
  private static let block = 1024

  /// Programs by the number of samples that they take.
  private final class Programs {
    var known: [Int: Program] = [:]
  }

  /// - Parameters:
  ///   - count: S.
  ///   - dimension: d.
  ///   - data: arrays with one row for each sample, [n, ...].
  ///   - elementType: of the parameters inside the programs: float64 for proofs, float32 for networks.
  ///   - losses: from the parameters [d] and rows of the data [b, ...] one tensor of losses [b] for each objective.
  public convenience init(
    count: Int, dimension: Int, data: [NDArray], elementType: ElementType = .float64,
    losses: @escaping (Tensor, [Tensor]) throws -> [Tensor]
  ) {
    self.init(count, dimension, data, elementType, Programs(), losses)
  }

  private init(
    _ count: Int, _ dimension: Int, _ data: [NDArray], _ elementType: ElementType, _ programs: Programs,
    _ losses: @escaping (Tensor, [Tensor]) throws -> [Tensor]
  ) {
    precondition(count > 0 && dimension > 0 && !data.isEmpty, "objectives need parameters and data")
    precondition(data.allSatisfy { $0.shape[0] == data[0].shape[0] && $0.shape[0] > 0 }, "one row for each sample")
    (self.count, self.dimension, self.data) = (count, dimension, data)
    (self.elementType, self.programs, self.losses) = (elementType, programs, losses)
    sampleCount = data[0].shape[0]
  }

  /// The same losses on other samples, with the programs that are compiled already.
  public func on(_ data: [NDArray]) -> Objectives {
    precondition(
      data.map { $0.shape.removing(axis: 0) } == self.data.map { $0.shape.removing(axis: 0) }
        && data.map(\.elementType) == self.data.map(\.elementType), "rows of the same shapes and types")
    return Objectives(count, dimension, data, elementType, programs, losses)
  }

  /// Mean losses [S] and mean gradients, S vectors of d numbers, over samples (all when nil) at x.
  /// - Throws: `ShapeError` or `CompilationError` where the losses cannot be traced.
  public func evaluate(
    at x: [Double], samples: [Int]? = nil
  ) throws -> (values: [Double], gradients: [[Double]]) {
    precondition(x.count == dimension, "x has \(x.count) numbers, the objectives have \(dimension) parameters")
    let samples = samples ?? Array(0..<sampleCount)
    precondition(!samples.isEmpty, "a mean needs samples")
    var values = [Double](repeating: 0, count: count)
    var gradients = (0..<count).map { _ in [Double](repeating: 0, count: dimension) }
    let point = NDArray(x).converted(to: elementType)
    for start in stride(from: 0, to: samples.count, by: Self.block) {
      var part = Array(samples[start..<min(start + Self.block, samples.count)])
      let real = part.count
      let size = Self.programSize(real)
      // Repeated rows of weight 0 fill the program's size.
      part += [Int](repeating: part[0], count: size - real)
      let weights = part.indices.map { $0 < real ? 1 / Double(samples.count) : 0 }
      let arguments = [point, NDArray(weights).converted(to: elementType)] + data.map { $0.rows(at: part) }
      let results = try program(size).run(arguments)
      let (means, matrix) = (results[0].doubles, results[1].doubles)
      for s in 0..<count {
        values[s] += means[s]
        matrix.withUnsafeBufferPointer { row in
          for i in 0..<dimension { gradients[s][i] += row[s * dimension + i] }
        }
      }
    }
    return (values, gradients)
  }

  /// The true stationarity min_λ ‖Σ λ_s ∇f_s(x)‖² of all samples.
  ///
  /// - Throws: what evaluating the objectives throws, as `ShapeError`.
  public func stationarity(at x: [Double]) throws -> Double { try look(at: x).stationarity }

  /// All samples' mean losses [S] and the true stationarity; not finite where gradients are not.
  ///
  /// Rounding leaves an uncertainty of about 10⁻¹⁵ of the largest squared gradient.
  ///
  /// - Throws: what evaluating the objectives throws, as `ShapeError`.
  public func look(at x: [Double]) throws -> (values: [Double], stationarity: Double) {
    let (values, gradients) = try evaluate(at: x)
    guard gradients.allSatisfy({ $0.allSatisfy { $0.isFinite } }) else { return (values, .nan) }
    let gram = gramMatrix(gradients)
    // Squares of large gradients overflow before they do.
    guard gram.allSatisfy({ $0.allSatisfy { $0.isFinite } }) else { return (values, .infinity) }
    let direction = combination(MinimumNorm(gram: gram).weights, gradients)
    return (values, inner(direction, direction))
  }

  /// At most an eighth more than asked for, so that sizes that change often share few programs.
  static func programSize(_ count: Int) -> Int {
    var grain = 1
    while grain * 16 <= count { grain *= 2 }
    return (count + grain - 1) / grain * grain
  }

  private func program(_ size: Int) throws -> Program {
    if let known = programs.known[size] { return known }
    let rows = data.map { TensorType(Shape([size] + $0.shape.dimensions.dropFirst()), $0.elementType) }
    let made = try Program(
      inputs: [TensorType([dimension], elementType), TensorType([size], elementType)] + rows
    ) { _, x in
      let sums = try losses(x[0], Array(x.dropFirst(2))).map { ($0 * x[1]).sum() }
      precondition(sums.count == count, "\(sums.count) losses for \(count) objectives")
      return [stack(sums), stack(sums.map { Differentiation.gradients(of: $0, withRespectTo: [x[0]])[0] })]
    }
    programs.known[size] = made
    return made
  }
}
