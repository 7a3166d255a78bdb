/// A value below 0 behind an option, or a formula that begins with a minus: the parser would take it for an option of its own.
enum NegativeValue {
  /// `--epochs -1` as `--epochs=-1`; the formula of `minimize -cos(x)` behind a blank.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      let isFormula = index == 1 && arguments[0] == "minimize" && argument.count > 2
      if isFormula, argument.hasPrefix("-"), !argument.hasPrefix("--") {
        result.append(" " + argument)
        continue
      }
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
