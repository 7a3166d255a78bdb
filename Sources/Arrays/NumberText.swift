extension Double {
  /// As Swift writes it; what is not a number has no sign, whatever its bits say.
  package var text: String { isNaN ? "nan" : "\(self)" }
}
