/// A value below 0 behind an option, or a formula that begins with a minus: the parser would take it for an option of its own.
enum NegativeValue {
  /// `--epochs -1` as `--epochs=-1`; the formula of `minimize -cos(x)`, wherever it stands, behind a blank.
  static func joined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      if arguments[0] == "minimize", index > 0, isFormula(argument, behind: arguments[index - 1]) {
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

  /// Whether an argument of `minimize` that begins with one minus is its formula: it is not what an option takes, and no option.
  private static func isFormula(_ argument: String, behind previous: String) -> Bool {
    guard argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.count > 1, argument != "-h" else { return false }
    return !previous.hasPrefix("--") || previous == "--replace" || previous.contains("=")
  }
}
