import Foundation
import Training

/// How long each descent of a comparison is: so many updates, examples or passes over the data, or so many gradients, by which arms
/// whose updates ask for more make fewer of them.
public struct Budget: Hashable, Sendable, CustomStringConvertible {
  private enum Length: Hashable, Sendable {
    case duration(Duration)
    case gradients(Double)
  }

  private let length: Length

  private var amount: Double {
    switch length {
    case .duration(let duration): duration.amount
    case .gradients(let count): count
    }
  }

  /// Whether arms are equal in what they ask for, and not in their updates.
  var countsGradients: Bool { if case .gradients = length { true } else { false } }

  /// What a descent that has not arrived counts as where arrivals are compared: the logarithm of ten budgets (our choice).
  var never: Double { log10(10 * amount) }

  public var description: String {
    // As a user writes it: 2000updates.
    let name =
      switch length {
      case .duration(.updates): "updates"
      case .duration(.samples): "samples"
      case .duration(.epochs): "epochs"
      case .gradients: Self.gradients
      }
    return (amount == amount.rounded() && amount < 1e15 ? "\(Int(amount))" : "\(amount)") + name
  }

  private static let gradients = "gradients"

  /// Reads `2000updates`, `20epochs`, `100000samples` or `4000gradients`.
  ///
  /// - Throws: `SettingsError`.
  public init(_ text: String) throws {
    do {
      // A count of gradients is written as one of updates is.
      length =
        text.hasSuffix(Self.gradients)
        ? .gradients(try Duration(text.dropLast(Self.gradients.count) + "updates").amount)
        : .duration(try Duration(text))
    } catch {
      throw SettingsError(
        "\(text) is no budget: write a positive number and updates, epochs, samples or gradients, as 2000updates")
    }
    guard amount.isFinite, amount <= 1e9 else { throw SettingsError("a budget of \(text) is beyond reason") }
  }

  /// The updates of a descent, at least one.
  func updates(of trainer: Trainer) -> Int {
    let updates =
      switch length {
      case .duration(.updates(let n)): n
      case .duration(.samples(let n)): n / Double(trainer.batches.batchSize)
      case .duration(.epochs(let n)): n * Double(trainer.batches.batchesPerEpoch)
      case .gradients(let n):
        Self.updates(within: n, each: trainer.calls.inGradients) { trainer.calls(before: $0) }
      }
    return max(Int(updates.rounded(.down)), 1)
  }

  /// The same of descents on a function, which has no examples.
  ///
  /// - Parameters:
  ///   - mean: what an update asks for, in the mean.
  ///   - calls: what all updates before one ask for together.
  /// - Throws: `SettingsError` for a budget of samples or epochs.
  func updates(each mean: OracleCalls, _ calls: (_ before: Int) -> OracleCalls) throws -> Int {
    switch length {
    case .duration(.updates(let n)): return max(Int(n.rounded(.down)), 1)
    case .gradients(let n):
      return Int(Self.updates(within: n, each: mean.inGradients, calls))
    default:
      throw SettingsError("a function has no epochs and no samples: write a budget as 2000updates or 4000gradients")
    }
  }

  /// As many as the budget has gradients for; updates of which some ask for more are counted one by one.
  private static func updates(
    within gradients: Double, each mean: Double, _ calls: (_ before: Int) -> OracleCalls
  ) -> Double {
    func isWithin(_ updates: Double) -> Bool { calls(Int(updates)).inGradients <= gradients * (1 + 1e-12) }
    var updates = updates(within: gradients, each: mean)
    while updates > 1, !isWithin(updates) { updates -= 1 }
    while updates < 3 * gradients, isWithin(updates + 1) { updates += 1 }
    return updates
  }

  /// A third is no binary number: what rounding takes from a whole number of updates is given back.
  private static func updates(within gradients: Double, each: Double) -> Double {
    max((gradients / each * (1 + 1e-12)).rounded(.down), 1)
  }

  /// Whether one update that asks for so many gradients is more than all.
  func isExceeded(by gradients: Double) -> Bool {
    if case .gradients(let n) = length { gradients > n * (1 + 1e-12) } else { false }
  }

  /// What the word `budget` stands for in a chain each update of which asks for so many gradients.
  func duration(atGradients each: Double) -> String {
    switch length {
    case .duration: description
    case .gradients(let n): "\(Int(Self.updates(within: n, each: each)))updates"
    }
  }
}

extension OracleCalls {
  /// All that a step asks for, in gradients: a product with the Hessian takes about two, a loss alone a third, as its derivative takes
  /// about twice as long (our choice).
  var inGradients: Double { max(gradients + 2 * hessianProducts + losses / 3, 1.0 / 3) }
}
