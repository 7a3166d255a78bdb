/// The sum of the gradients, each without its parts against the others, taken one after the other in random order (PCGrad:
/// Yu et al., "Gradient surgery for multi-task learning", 2020).
///
/// A gradient and what is taken from it stay combinations of all gradients, so their coefficients say it all.
public struct ConflictRemoval: Weighting {
  public init() {}
  public var description: String { "PCGrad" }

  public func weights(_ gramian: [[Double]], previous: [Double]?, key: RandomKey) -> [Double] {
    let count = gramian.count
    let orders = key.split("order")
    var sum = [Double](repeating: 0, count: count)
    for i in 0..<count {
      var own = [Double](repeating: 0, count: count)
      own[i] = 1
      for j in orders.split(i).permutation(count) where j != i && gramian[j][j] > 0 {
        let product = (0..<count).reduce(0) { $0 + own[$1] * gramian[$1][j] }
        if product < 0 { own[j] -= product / gramian[j][j] }
      }
      for k in 0..<count { sum[k] += own[k] }
    }
    return sum
  }
}
