/// Bounds of networks and batches, beyond which a size is a slip of the hand and ends as an allocation that fails.
enum LearningSize {
  /// Weights of a network, and numbers that a layer gives for a batch.
  private static let most = 1e8

  /// - Parameter hidden: widths of the hidden layers.
  /// - Throws: `ControlError` where a layer has no width, or layers have too many weights between them.
  static func check(hidden: [Int]) throws {
    guard !hidden.isEmpty, hidden.allSatisfy({ $0 >= 1 }) else {
      throw ControlError("the hidden widths (\(hidden)) must be at least 1")
    }
    let weights = zip([1] + hidden, hidden).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    guard weights <= most else {
      throw ControlError("the hidden widths (\(hidden)) make more than \(Int(most)) weights: narrow them")
    }
  }

  /// - Parameters:
  ///   - rows: that go through networks at once.
  ///   - setting: what they are called.
  /// - Throws: `ControlError` where the widest layer gives too many numbers for them.
  static func check(rows: Int, _ setting: String, widest: Int) throws {
    guard Double(rows) * Double(widest) <= most else {
      throw ControlError(
        "\(setting) must be at most \(Int(most) / widest) with layers of \(widest) units, and is \(rows)")
    }
  }
}
