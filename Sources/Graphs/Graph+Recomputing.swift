extension Graph {
  /// Records what is computed again when a derivative needs it, rather than kept until then: less memory, more time.
  ///
  /// ```swift
  /// for layer in layers { x = x.graph.recomputing { layer(x) } }
  /// ```
  ///
  /// Values and derivatives stay what they are. Of each body only the results are kept, and what it reads; its steps are
  /// computed a second time in the backward pass. Bodies may contain others: an outer derivative recomputes the outer one
  /// as a whole. Put it around `vectorized(over:)`: inside of its body it saves nothing for derivatives taken outside. (Griewank and Walther 2000; Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost",
  /// 2016.)
  public func recomputing<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = nodes.count
    let result = try body()
    segments.removeAll { $0.lowerBound >= start }
    if nodes.count > start { segments.append(start..<nodes.count) }
    return result
  }

  /// The recorded operations that are computed again together with one.
  package func segment(of node: Int) -> Range<Int>? {
    var (low, high) = (0, segments.count)
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].upperBound <= node { low = middle + 1 } else { high = middle }
    }
    return low < segments.count && segments[low].contains(node) ? segments[low] : nil
  }
}
