import Foundation
import Graphs

/// The distance of two samples of numbers, W_p, exact: sorted, they are matched in order.
///
/// For samples of one size the best transport of a convex cost on the line is monotone (Villani, "Topics in optimal
/// transportation", 2003, theorem 2.18), so W_p^p = mean |x_(i) - y_(i)|^p.
public enum Wasserstein {
  /// W_p of two samples; of two sizes by the common refinement of their quantiles.
  /// - Precondition: neither is empty; `order` is at least 1.
  public static func distance(_ x: [Double], _ y: [Double], order: Double = 1) -> Double {
    precondition(!x.isEmpty && !y.isEmpty && order >= 1, "W_p needs two samples and p of at least 1")
    let (a, b) = (x.sorted(), y.sorted())
    var (i, j, sum) = (0, 0, 0.0)
    // Masses in units of 1 / (|x| |y|): whole numbers, exact.
    var (left, right) = (b.count, a.count)
    while i < a.count, j < b.count {
      let mass = min(left, right)
      sum += Double(mass) * pow(abs(a[i] - b[j]), order)
      left -= mass
      right -= mass
      if left == 0 { (i, left) = (i + 1, b.count) }
      if right == 0 { (j, right) = (j + 1, a.count) }
    }
    return pow(sum / (Double(a.count) * Double(b.count)), 1 / order)
  }

  /// W_p^p of two vectors of one length, recorded in the graph and differentiable: a loss.
  public static func loss(_ x: Tensor, _ y: Tensor, order: Int = 1) -> Tensor {
    mean(x.sorted() - y.sorted(), order)
  }

  /// The same without sorting, element by element: what a law's distance leaves out.
  public static func pairwiseLoss(_ x: Tensor, _ y: Tensor, order: Int = 1) -> Tensor { mean(x - y, order) }

  private static func mean(_ difference: Tensor, _ order: Int) -> Tensor {
    order == 2 ? difference.squared.mean() : abs(difference).mean()
  }
}
