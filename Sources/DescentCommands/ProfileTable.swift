import Descent
import Foundation

/// What the calls of a program take, those of one name together, the slowest first: `--profile` of every bench.
struct ProfileTable {
  private let rows: [(name: String, count: Int, seconds: Double, flops: Double)]

  init(_ entries: [Program.ProfileEntry]) {
    rows = Dictionary(grouping: entries, by: \.name)
      .map { name, calls in
        (name, calls.count, calls.map(\.seconds).reduce(0, +), calls.map(\.flops).reduce(0, +))
      }
      .sorted { $0.seconds > $1.seconds }
  }

  private var seconds: Double { rows.map(\.seconds).reduce(0, +) }

  /// Time, share, calls, rate where the call is a product or a convolution, and name, a line each; the sum above.
  func print() {
    printAtOnce(String(format: "%9.1f us in kernels", seconds * 1e6))
    for row in rows {
      let rate = row.flops > 0 ? String(format: "%6.0f GFLOP/s", row.flops / row.seconds / 1e9) : "              "
      printAtOnce(
        String(format: "%9.1f us %5.1f %% %4d x  ", row.seconds * 1e6, 100 * row.seconds / seconds, row.count)
          + rate + "  " + row.name)
    }
  }
}
