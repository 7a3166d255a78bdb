import Descent
import Foundation

/// What grows while all else stays.
enum GrowthAxis: String, CaseIterable {
  case batch, width, depth, columns, classes, rows

  /// Sizes when no largest one is named.
  private var usualSizes: [Int] {
    switch self {
    case .batch: [8, 32, 64, 128, 256, 512]
    case .width: [32, 64, 128, 256, 512, 1024]
    case .depth: [1, 2, 4, 8, 16]
    case .columns, .classes: [10, 30, 100, 300, 1000, 3000, 10_000]
    case .rows: [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
    }
  }

  /// Rising, up to `most` where it is given, and that one: beyond the usual sizes each is twice the one before.
  func sizes(most: Int?) -> [Int] {
    guard let most else { return usualSizes }
    var sizes = usualSizes
    while sizes.last! < most / 2 { sizes.append(2 * sizes.last!) }
    return sizes.filter { $0 < most } + [most]
  }

  /// The sizes up to the first for which the memory does not suffice, with a sentence on those that are left out.
  ///
  /// - Parameters:
  ///   - available: bytes.
  ///   - needed: bytes for a size, which grow with it.
  func affordableSizes(
    most: Int?, available: Int = AvailableMemory.byteCount, needed: (Int) -> Double
  ) -> (sizes: [Int], omission: String?) {
    let all = sizes(most: most)
    // Estimates are rough, and other programs want some too.
    let budget = 0.8 * Double(available)
    guard let first = all.firstIndex(where: { needed($0) > budget }) else { return (all, nil) }
    let rest = all[first...].map { "\($0)" }.joined(separator: ", ")
    return (
      Array(all[..<first]),
      "\(rawValue) \(rest) left out: \(all[first]) would take some \(Int(min(needed(all[first]) / 1e6, 1e15))) MB, and of "
        + "\(available / 1_000_000) MB that are free four fifths are used"
    )
  }

  /// The exponent of a power law over the largest four sizes, in words.
  ///
  /// - Throws: `StatisticsError` where a value is not positive.
  static func exponent(_ sizes: [Int], _ values: [Double]) throws -> String {
    guard sizes.count >= 3 else { return "takes three sizes" }
    let fit = try LineFit.powerLaw(sizes.suffix(4).map(Double.init), Array(values.suffix(4)))
    let interval = fit.slopeInterval()
    return String(format: "%.2f [%.2f, %.2f]", fit.slope, interval.low, interval.high) + ", n = \(fit.count) sizes"
  }
}
