import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What others take of the machine while something is measured: other programs, and other machines on the same processor.
///
/// What was disturbed is measured once more, as often as was allowed. The time of others is the busy time of all cores less that
/// of this process and of those that it has waited for; "steal" is what a hypervisor took.
package final class DisturbanceWatch {
  /// Seconds of all cores up to now.
  package struct Load {
    package var others: Double
    package var stolen: Double

    package init(others: Double, stolen: Double) { (self.others, self.stolen) = (others, stolen) }
  }

  /// Of the core time, for others and for steal.
  package static let limit = 0.05
  /// Seconds that are watched at least: the system counts in hundredths, too coarse for less.
  package static let shortest = 0.5

  private let noun: String
  private let cores: Double
  private let load: () -> Load?
  private let clock: () -> Double
  private let wait: (Double) -> Void
  private var repeatsLeft: Int
  private var (counted, repeated, disturbed) = (0, 0, 0)
  private var worst = (others: 0.0, stolen: 0.0)
  private var isMeasured = true

  /// - Parameters:
  ///   - repeats: how often something may be measured once more.
  ///   - noun: what is counted, as "sizes".
  package convenience init(repeats: Int, noun: String) {
    self.init(
      repeats: repeats, noun: noun, cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)), load: Self.load,
      clock: { ProcessInfo.processInfo.systemUptime }, wait: { Thread.sleep(forTimeInterval: $0) })
  }

  /// - Parameters:
  ///   - load: nil where the system does not say it.
  ///   - clock: seconds.
  package init(
    repeats: Int, noun: String, cores: Int, load: @escaping () -> Load?, clock: @escaping () -> Double,
    wait: @escaping (Double) -> Void
  ) {
    (repeatsLeft, self.noun, self.cores) = (repeats, noun, Double(max(cores, 1)))
    (self.load, self.clock, self.wait) = (load, clock, wait)
  }

  /// What a function returns that measures; it is called again while it was disturbed and repeats are left.
  package func observing<Result>(_ measure: () throws -> Result) rethrows -> Result {
    while true {
      let (begin, before) = (clock(), load())
      let result = try measure()
      wait(max(0, Self.shortest - (clock() - begin)))
      guard let before, let after = load() else {
        isMeasured = false
        return result
      }
      let all = (clock() - begin) * cores
      let others = max(0, after.others - before.others) / all
      let stolen = max(0, after.stolen - before.stolen) / all
      let isDisturbed = max(others, stolen) > Self.limit
      if isDisturbed, repeatsLeft > 0 {
        repeatsLeft -= 1
        repeated += 1
        continue
      }
      counted += 1
      disturbed += isDisturbed ? 1 : 0
      worst = (max(worst.others, others), max(worst.stolen, stolen))
      return result
    }
  }

  /// One sentence for below a table.
  package var summary: String {
    guard isMeasured else { return "Whether others disturbed this was not measured: there is no /proc/stat." }
    func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
    var text =
      "\(noun): \(counted), repeated as disturbed: \(repeated); in those that count others used at most "
      + "\(percent(worst.others)) of the machine, steal was at most \(percent(worst.stolen))"
    if disturbed > 0 {
      text += "; DISTURBED: \(disturbed) of those that count (above \(percent(Self.limit))), as no repeats were left"
    }
    return text
  }

  private static func load() -> Load? {
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    var own = 0.0
    // This process and those that it has waited for: RUSAGE_SELF and RUSAGE_CHILDREN, whose types differ between systems.
    for who: Int32 in [0, -1] {
      var usage = rusage()
      guard getrusage(who, &usage) == 0 else { return nil }
      own += seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
    return load(ofAllCores: text, own: own, ticksPerSecond: Double(max(sysconf(Int32(_SC_CLK_TCK)), 1)))
  }

  /// - Parameters:
  ///   - text: of `/proc/stat`.
  ///   - own: seconds.
  package static func load(ofAllCores text: String, own: Double, ticksPerSecond: Double) -> Load? {
    guard let line = text.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
    // user, nice, system, idle, waiting, interrupts, soft interrupts, steal
    let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
    guard ticks.count == 8 else { return nil }
    let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
    return Load(others: busy / ticksPerSecond - own, stolen: ticks[7] / ticksPerSecond)
  }
}
