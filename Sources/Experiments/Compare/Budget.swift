import Foundation
import Training

/// How long each descent of a comparison is: so many updates, examples or passes over the data.
public struct Budget: Hashable, Sendable, CustomStringConvertible {
  /// In its own unit.
  public let duration: Duration

  public var description: String {
    // As a user writes it: 2000updates.
    let amount = duration.amount
    let name =
      switch duration {
      case .updates: "updates"
      case .samples: "samples"
      case .epochs: "epochs"
      }
    return (amount == amount.rounded() && amount < 1e15 ? "\(Int(amount))" : "\(amount)") + name
  }

  /// Reads `2000updates`, `20epochs` or `100000samples`.
  ///
  /// - Throws: `SettingsError`.
  public init(_ text: String) throws {
    do { duration = try Duration(text) } catch {
      throw SettingsError(
        "\(text) is no budget: write a positive number and updates, epochs or samples, as 2000updates")
    }
    guard duration.amount.isFinite, duration.amount <= 1e9 else {
      throw SettingsError("a budget of \(text) is beyond reason")
    }
  }

  /// The updates of a descent in batches, at least one.
  func updates(of batches: BatchSequence) -> Int {
    let updates =
      switch duration {
      case .updates(let n): n
      case .samples(let n): n / Double(batches.batchSize)
      case .epochs(let n): n * Double(batches.batchesPerEpoch)
      }
    return max(Int(updates.rounded(.down)), 1)
  }
}
