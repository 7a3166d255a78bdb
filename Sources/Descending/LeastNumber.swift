extension ElementType {
  /// The least positive number that kernels do not count as 0.
  var leastNumber: Double { self == .float32 ? Double(Float.leastNormalMagnitude) : .leastNormalMagnitude }
}

extension NamedTransformation {
  /// - Throws: `DescentError` naming an option that would be 0 in a parameter's type, and must not be.
  func checkNumbers(in types: Tree<TensorType>) throws {
    for (name, value) in Self.kind.divisors(self) {
      for (path, type) in types where value < type.elementType.leastNumber {
        throw DescentError(
          "\(Self.kind.name): \(name) is \(value), which is 0 in \(type.elementType), the type of \(path): at least "
            + (type.elementType == .float32 ? "1.2e-38" : "2.3e-308"))
      }
    }
  }
}
