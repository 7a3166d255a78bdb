/// A value below 0 behind an option, which the parser would take for an option of its own.
enum NegativeValue {
  /// `--epochs -1` as `--epochs=-1`.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for argument in arguments {
      let isNegative = argument.hasPrefix("-") && Double(argument) != nil
      if isNegative, let option = result.last, option.hasPrefix("--"), option.count > 2, !option.contains("=") {
        result[result.count - 1] = option + "=" + argument
      } else {
        result.append(argument)
      }
    }
    return result
  }
}
