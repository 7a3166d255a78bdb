import Arrays
import Graphs
import Parameters
import Training

/// A function on which ways to descend are compared, from many starts: where these lie, and its minimum where that is known.
///
/// ```swift
/// let valley = try TestFunction("rosenbrock size=10; rotated")
/// let own = try TestFunction("bowl: (x - 1)^2 + 10*y^2; from x={-2...2}, y={-2...2}; minimum 0; noise 0.1")
/// ```
public struct TestFunction: Sendable, CustomStringConvertible {
  /// As reports call it, "rosenbrock-10".
  public let name: String
  /// As it was written.
  public let description: String
  /// Where descents start.
  public let box: StartBox
  /// Its least value; nil where it is not known.
  public let minimum: Double?
  /// Standard deviation of what each number of a gradient has added, anew in each update and alike for all ways to descend.
  public let noise: Double
  /// Whether each seed turns it, with its start, about its minimum, or the middle of its box where no minimum is known: what looks at
  /// coordinates one by one gains nothing from their being separate then.
  public let isRotated: Bool
  /// Whether each seed moves it, with its start, by up to half of its box: what pulls numbers to 0 gains nothing from a minimum there.
  public let isShifted: Bool
  /// A point of the least value.
  let minimizer: Tree<NDArray>?
  /// Nil for a function in code.
  let formula: Formula?
  /// What kind of known function it is, with all options; nil for a formula of one's own.
  private var head: String?
  private let evaluate: @Sendable (Tree<Tensor>) throws -> Tensor

  /// Numbers that are descended on.
  public var count: Int { box.count }

  /// What it is, in one line.
  public var account: String {
    [
      head ?? (formula == nil ? description : nil), formula.map { "\($0)" },
      "starts in \(box)",
      minimum.map { "minimum \(PlainNumber.text($0))" } ?? "minimum not known",
      noise > 0 ? "noise of \(PlainNumber.text(noise)) in gradients" : nil,
      isRotated ? "turned anew for each seed, with its start" : nil,
      isShifted ? "moved anew for each seed, with its start" : nil,
    ].compactMap(\.self).joined(separator: "; ")
  }

  /// How near to the minimum counts as there: the final precision of the COCO benchmarks (Hansen and others 2021, arXiv 1603.08785).
  public static let precision = 1e-8

  /// A function in code.
  ///
  /// - Parameters:
  ///   - name: letters, digits, points, underscores and hyphens.
  ///   - box: its variables, and where they start.
  ///   - minimum: the least value; nil where it is not known.
  ///   - minimizer: a point of it, about which the function is turned; nil for the middle of the box.
  ///   - noise: standard deviation of what is added to gradients.
  ///   - isRotated: whether each seed turns it; for one list.
  ///   - isShifted: whether each seed moves it.
  ///   - value: a number [] of a tensor of each variable, float64.
  /// - Throws: `FormulaError` where it cannot be turned, the minimum is not finite, or the noise is negative.
  public init(
    _ name: String, in box: StartBox, minimum: Double? = nil, at minimizer: Tree<NDArray>? = nil, noise: Double = 0,
    isRotated: Bool = false, isShifted: Bool = false, value: @escaping @Sendable (Tree<Tensor>) throws -> Tensor
  ) throws {
    try self.init(
      name, description: name, formula: nil, in: box, minimum: minimum, at: minimizer, noise: noise,
      isRotated: isRotated, isShifted: isShifted, value: value)
    guard Self.isPlainName(name) else { throw Self.nameError(name) }
  }

  static func nameError(_ name: String) -> FormulaError {
    FormulaError("a function's name holds at most 80 letters, digits and . _ -, and \"\(name.prefix(100))\" does not")
  }

  private init(
    _ name: String, description: String, formula: Formula?, in box: StartBox, minimum: Double?,
    at minimizer: Tree<NDArray>?, noise: Double, isRotated: Bool, isShifted: Bool,
    value: @escaping @Sendable (Tree<Tensor>) throws -> Tensor
  ) throws {
    (self.name, self.description, self.box, self.minimum) = (name, description, box, minimum)
    (self.minimizer, self.noise, self.isRotated, evaluate) = (minimizer, noise, isRotated, value)
    (self.formula, self.isShifted) = (formula, isShifted)
    guard noise >= 0, noise.isFinite else { throw FormulaError("\(name): noise must be 0 or more, not \(noise)") }
    guard minimum?.isFinite ?? true else { throw FormulaError("\(name): the minimum must be finite") }
    guard minimizer.map({ $0.types == box.low.types }) ?? true else {
      throw FormulaError("\(name): the minimum lies at a point of other variables")
    }
    guard !isRotated || (box.low.count == 1 && box.count > 1 && box.count <= 1000) else {
      throw FormulaError(
        "\(name): what is rotated is one list of 2 to 1000 numbers, as x[0], x[1] in a formula and \"from x={-2...2}*2\""
      )
    }
  }

  /// A function as a formula, in which `i` is the list 1, 2, ... and `n` how many, where it has one list and these have no start.
  init(
    _ name: String, description: String, _ formula: Formula, in box: StartBox, minimum: Double? = nil,
    at minimizer: Tree<NDArray>? = nil, noise: Double = 0, isRotated: Bool = false, isShifted: Bool = false
  ) throws {
    let lists = box.low.leaves.filter { $0.shape.rank == 1 }
    var known: [(path: String, leaf: NDArray)] = []
    for name in formula.variables where box.low[name] == nil {
      guard ["i", "n"].contains(name), lists.count == 1 else {
        throw FormulaError(
          "\(name) has no start: write \"from \(name)={-2...2}\", and so for each of "
            + formula.variables.joined(separator: ", "))
      }
      let count = lists[0].count
      known.append((name, name == "n" ? NDArray(Double(count)) : NDArray((1...count).map(Double.init))))
    }
    guard !formula.variables.isEmpty else { throw FormulaError("\(formula) has no variable") }
    for name in box.low.paths where !formula.variables.contains(name) {
      throw FormulaError("the formula has no \(name); \(NearestName.hint(name, among: formula.variables))")
    }
    let constants = known
    try self.init(
      name, description: description, formula: formula, in: box, minimum: minimum, at: minimizer, noise: noise,
      isRotated: isRotated, isShifted: isShifted
    ) { point in
      guard let graph = point.leaves.first?.graph, !constants.isEmpty else { return try formula.value(at: point) }
      return try formula.value(at: point.merging(Tree(constants.map { ($0.path, graph.constant($0.leaf)) })))
    }
  }

  /// A known function with other starts, noise, turned or moved, which its name says where none is given.
  init(
    _ known: TestFunction, named name: String?, description: String, in box: StartBox?, noise: Double?, isRotated: Bool,
    isShifted: Bool
  ) throws {
    if let box, box.low.types != known.box.low.types {
      let names = known.box.low.types.map { name, type in
        type.shape.rank == 0 ? "\(name)={-1...1}" : "\(name)={-1...1}*\(type.shape[0])"
      }
      throw FormulaError("the starts of \(known.name) are written \"from \(names.joined(separator: ", "))\"")
    }
    let suffixes = [
      isRotated ? "-rotated" : "", isShifted ? "-shifted" : "",
      noise.map { $0 > 0 ? "-noise" + PlainNumber.text($0) : "" } ?? "",
    ]
    try self.init(
      name ?? known.name + suffixes.joined(), description: description, formula: known.formula, in: box ?? known.box,
      minimum: known.minimum, at: known.minimizer, noise: noise ?? known.noise,
      isRotated: isRotated || known.isRotated, isShifted: isShifted || known.isShifted, value: known.evaluate)
    head = known.description
  }

  // MARK: Descending

  /// Records the value at a point of the function as it is, neither turned nor moved.
  ///
  /// - Parameter point: a tensor of each variable, a number [] or a list [n], float64.
  /// - Returns: a number, [].
  /// - Throws: `FormulaError` where the value is no number.
  public func value(at point: Tree<Tensor>) throws -> Tensor { try value(at: point, of: Tree()) }

  /// The same of a seed's instance.
  ///
  /// - Parameters:
  ///   - point: a tensor of each variable, a number [] or a list [n], float64.
  ///   - instance: how a seed turns and moves the function, as `instance(key:)` has it; empty for as it is.
  /// - Throws: `FormulaError` where the value is no number.
  package func value(at point: Tree<Tensor>, of instance: Tree<Tensor>) throws -> Tensor {
    var place = point.mapWithPaths { name, x in instance["shift/" + name].map { x - $0 } ?? x }
    if let rotation = instance["rotation"], let x = place.leaves.first {
      let center = x.graph.constant(center.leaves[0])
      let turned = rotation.matmul((x - center).expanded(axis: 1)).reshaped(to: x.shape)
      place = Tree([(place.paths[0], center + turned)])
    }
    let value = try evaluate(place)
    guard value.shape.rank == 0 || value.isPoisoned else {
      throw FormulaError("the value of \(name) has the shape \(value.shape) and must be one number")
    }
    return value
  }

  /// About which it is turned.
  private var center: Tree<NDArray> { minimizer ?? box.middle }

  /// How a seed turns and moves it: "rotation", orthogonal [n, n], and "shift/NAME" of each variable; what there is of it.
  ///
  /// - Throws: as the linear algebra.
  package func instance(key: RandomKey) throws -> Tree<NDArray> {
    var found = Tree<NDArray>()
    if isRotated {
      found["rotation"] = try LinearAlgebra.randomOrthogonal(count, count, key: key.split("rotation"))
    }
    guard isShifted else { return found }
    for (name, ends) in box.low.zipped(with: box.high, { ($0, $1) }) {
      let places = key.split("shift").split(name).uniform(count: ends.0.count)
      let moves = zip(zip(ends.0.doubles, ends.1.doubles), places).map { ends, place in
        (ends.1 / 2 - ends.0 / 2) * (2 * place - 1)
      }
      found["shift/" + name] = NDArray(moves, shape: ends.0.shape)
    }
    return found
  }

  /// Where a descent starts: a point of the box, turned and moved as the function is, so that its value is what it is without.
  ///
  /// - Parameter instance: of this function.
  package func start(key: RandomKey, in instance: Tree<NDArray>) -> Tree<NDArray> {
    var point = box.point(key: key.split("start"))
    if let rotation = instance["rotation"]?.doubles {
      let (x, c) = (point.leaves[0].doubles, center.leaves[0].doubles)
      let turned = x.indices.map { j in
        c[j] + x.indices.reduce(0) { $0 + rotation[$1 * x.count + j] * (x[$1] - c[$1]) }
      }
      point = Tree([(point.paths[0], NDArray(turned))])
    }
    return point.mapWithPaths { name, leaf in
      guard let shift = instance["shift/" + name] else { return leaf }
      return NDArray(zip(leaf.doubles, shift.doubles).map { $0 + $1 }, shape: leaf.shape)
    }
  }

  /// Where a descent starts on the function as it is, neither turned nor moved.
  public func start(key: RandomKey) -> Tree<NDArray> { start(key: key, in: Tree()) }

  /// The reading by which a step with noise tells the value without, where it began.
  package static let exactValue = "function/value"

  /// What is descended: the function, and noise in its gradient.
  package var objective: Objective {
    Objective { parameters, _, scope in
      let exact = try value(at: parameters.tree, of: scope.state)
      guard noise > 0 else { return ObjectiveValue(exact) }
      var value = exact
      for leaf in parameters.tree.leaves {
        let drawn = Tensor.random(.normal, leaf.shape, key: try scope.randomKey(), leaf.elementType)
        value = value + noise * (drawn * leaf).sum()
      }
      return ObjectiveValue(value, readings: [Self.exactValue: exact])
    }
  }
}
