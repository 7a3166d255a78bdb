import ArgumentParser

/// Examples in one update, as an option gives them: a number, or `full` for all that train.
struct BatchSize: ExpressibleByArgument {
  /// Nil for all.
  let count: Int?

  init?(argument: String) {
    guard argument != "full" else {
      count = nil
      return
    }
    guard let number = Int(argument) else { return nil }
    count = number
  }
}
