import Foundation
import RunLogs

/// A network that text can name, with all that makes it again.
public struct ModelDescription: Codable, Sendable, Equatable, CustomStringConvertible {
  /// The networks: linear layers, a small convolutional one, residual networks of 8 and 18 layers; and those that a program registers.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    case mlp, cnn, resnet8, resnet18, registered

    /// What it is, in one line.
    package var summary: String {
      switch self {
      case .mlp: "linear layers with an activation between them; widths: --hidden 64,64 or none, --activation relu"
      case .cnn: "two convolutions with pooling and two linear layers, for images of 4 x 4 pixels and more"
      case .resnet8: "a residual network of 8 layers, for images (He et al. 2016)"
      case .resnet18: "a residual network of 18 layers, for images (He et al. 2016)"
      case .registered: "one of this program's own"
      }
    }

    /// All that the library brings.
    package static let ofLibrary = allCases.filter { $0 != .registered }

    /// What a text names, as "cnn", or "gated width=32" of a network that is registered.
    ///
    /// - Throws: `ModelError` naming the nearest known name; `DescentError` for an option of a registered network.
    package init(named text: String) throws {
      let text = text.trimmingCharacters(in: .whitespaces)
      if let known = Kind.ofLibrary.first(where: { $0.rawValue == text }) {
        self = known
      } else {
        _ = try ModelKind.read(text)
        self = .registered
      }
    }
  }

  /// Which network.
  public var kind: Kind
  /// The shape of one example: [features], or [height, width, channels].
  public var input: [Int]
  /// Widths of an mlp's hidden layers.
  public var hidden: [Int]
  /// Classes, or numbers to predict.
  public var outputs: Int
  /// The name of what stands between an mlp's layers; relu where nil.
  public var activation: String?
  /// A registered network's name and options, as `ModelKind` reads them; nil of the library's.
  public var own: String?

  /// - Parameter activation: one of `Activation.all` by its name, of an mlp alone; nil for relu.
  /// - Throws: `ModelError` where the network does not take such examples, or there is no such activation.
  public init(_ kind: Kind, input: [Int], hidden: [Int] = [], outputs: Int, activation: String? = nil) throws {
    (self.kind, self.input, self.hidden, self.outputs) = (kind, input, hidden, outputs)
    self.activation = activation == Activation.relu.name ? nil : activation
    try check()
  }

  /// The network that a text names: one of the library by its name, or a registered one with its options, as "gated width=32".
  ///
  /// - Parameters:
  ///   - hidden: widths of an mlp's hidden layers; others have none.
  ///   - activation: of an mlp; nil for relu.
  /// - Throws: `ModelError` where there is none, or it does not take such examples; `DescentError` for an option.
  public init(
    named text: String, input: [Int], hidden: [Int] = [], outputs: Int, activation: String? = nil
  ) throws {
    let text = text.trimmingCharacters(in: .whitespaces)
    let kind = try Kind(named: text)
    (self.kind, self.input, self.outputs) = (kind, input, outputs)
    self.hidden = kind == .mlp ? hidden : []
    self.activation = activation == Activation.relu.name ? nil : activation
    own = kind == .registered ? try ModelKind.read(text).text : nil
    try check()
  }

  private var site: ModelSite { ModelSite(input: Shape(input), outputs: outputs) }

  /// Widths of hidden layers as text has them: `64,64`, `64x64`, or `none`.
  ///
  /// - Returns: nil where the text is no list of whole numbers above 0.
  package static func widths(_ text: String) -> [Int]? {
    if text.trimmingCharacters(in: .whitespaces) == "none" { return [] }
    let widths = text.split(omittingEmptySubsequences: false, whereSeparator: ",x".contains).map {
      Int($0.trimmingCharacters(in: .whitespaces)) ?? 0
    }
    return widths.allSatisfy { $0 > 0 } ? widths : nil
  }

  /// What the initializer promises, and a file may not keep.
  ///
  /// - Throws: `ModelError` where the network does not take such examples.
  package func check() throws {
    guard outputs > 0, input.allSatisfy({ $0 > 0 }), hidden.allSatisfy({ $0 > 0 }) else {
      throw ModelError("\(kind.rawValue) needs widths above 0")
    }
    guard (kind == .registered) == (own != nil), own == nil || hidden.isEmpty else {
      throw ModelError("a registered network has its name in own and no other has one, nor has it widths in hidden")
    }
    guard kind == .mlp || kind == .registered || input.count == 3 else {
      throw ModelError("\(kind.rawValue) takes images, and an example has the shape \(Shape(input))")
    }
    if let activation {
      guard kind == .mlp else {
        throw ModelError("an activation is chosen for an mlp, and the model is \(kind.rawValue)")
      }
      guard !hidden.isEmpty else { throw ModelError("an activation follows a hidden layer, and there is none") }
      let known = Activation.all.map(\.name)
      guard known.contains(activation) else {
        throw ModelError("there is no activation \(activation); \(NearestName.hint(activation, among: known))")
      }
    }
    // More numbers than an Int counts bytes of.
    guard weightCount <= 1e15 else {
      throw ModelError("\(kind.rawValue) of the widths \(hidden) is too large: narrow them")
    }
    if let own {
      // Before anything is made of it: a file may name what this program does not know.
      _ = try ModelKind.layer(own, site)
    }
    if kind == .cnn, input[0] < 4 || input[1] < 4 {
      throw ModelError("cnn takes images of 4 x 4 pixels and more, and these have \(input[0]) x \(input[1]); take mlp")
    }
  }

  /// Features of an example, the hidden widths, outputs; as numbers that do not overflow.
  private var widths: [Double] { [input.reduce(1) { $0 * Double($1) }] + (hidden + [outputs]).map(Double.init) }

  /// Weights and biases of linear layers of these widths.
  private var weightCount: Double { zip(widths, widths.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 } }

  /// Refuses an mlp that the memory cannot train, before it is made, and a registered network whose parameters it cannot hold.
  ///
  /// - Parameters:
  ///   - batch: examples of one update.
  ///   - available: bytes that are free.
  /// - Throws: `ModelError` saying how much it takes.
  package func checkFits(batch: Int, available: Int = AvailableMemory.byteCount) throws {
    let needed: Double
    let name: String
    switch kind {
    // Weights, their gradients and two moments; activations and their derivatives.
    case .mlp:
      needed = 4 * (4 * weightCount + 2 * Double(batch) * widths.reduce(0, +))
      name = "hidden widths \(hidden.map(String.init).joined(separator: ","))"
    // What lies between its layers nobody knows before it is traced.
    case .registered:
      needed =
        16
        * (try makeLayer().layout.entries.reduce(0.0) { sum, entry in
          sum + entry.1.type.shape.dimensions.reduce(1) { $0 * Double($1) }
        })
      name = description
    default: return
    }
    guard needed > Double(available) else { return }
    func gigabytes(_ bytes: Double) -> String { String(format: "%.1f GB", bytes / 1e9) }
    throw ModelError(
      "\(name) in batches of \(batch) take about "
        + "\(gigabytes(needed)) of memory, and \(gigabytes(Double(available))) are free")
  }

  public var description: String {
    guard kind == .mlp else { return own ?? kind.rawValue }
    return "mlp " + ([input.reduce(1, *)] + hidden + [outputs]).map(String.init).joined(separator: "-")
      + (activation.map { ", \($0)" } ?? "")
  }

  /// The network itself; its weights are made or read by the caller.
  ///
  /// - Throws: what a registered kind throws; those of the library throw nothing.
  public func makeLayer() throws -> any Layer {
    switch kind {
    case .registered: try ModelKind.layer(own ?? "", site)
    case .mlp:
      MLP(
        [input.reduce(1, *)] + hidden + [outputs],
        activation: Activation.all.first { $0.name == activation } ?? .relu)
    case .cnn: SmallCNN(height: input[0], width: input[1], channels: input[2], classes: outputs)
    case .resnet8: ResNet.resNet8(channels: input[2], classes: outputs)
    case .resnet18: ResNet.resNet18(channels: input[2], classes: outputs)
    }
  }
}
