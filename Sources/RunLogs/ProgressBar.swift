import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far a run is, on standard error: a bar where that is a terminal, else a line now and then.
public final class ProgressBar {
  private let total: Int
  private let part: String
  private let isTerminal: Bool
  private let now: () -> Double
  private let start: Double
  private var lastShown = -Double.infinity
  private let write: (String) -> Void

  /// - Parameters:
  ///   - total: steps of the bar's work.
  ///   - part: what the time that is left is of, as " in this part"; empty for the whole run.
  ///   - now: seconds; the clock is the caller's.
  public init(
    total: Int, part: String = "", isTerminal: Bool = isatty(2) == 1, now: @escaping () -> Double,
    write: @escaping (String) -> Void = { text in
      // A log of progress that is full does not end the run.
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  ) {
    (self.total, self.part) = (max(total, 1), part)
    self.isTerminal = isTerminal
    self.now = now
    self.write = write
    start = now()
  }

  /// Shows the state, at most ten times a second on a terminal and every ten seconds elsewhere.
  ///
  /// - Parameters:
  ///   - first: steps that were done before this bar began.
  ///   - share: how much of the bar's work is done, in 0...1, where steps differ in length: the time that is left
  ///     follows from it.
  public func show(_ done: Int, of label: String, _ detail: String, since first: Int = 0, share: Double? = nil) {
    let (time, done) = (now(), min(done, total))
    guard time - lastShown > (isTerminal ? 0.1 : 10) || done == total else { return }
    lastShown = time
    let fraction = Double(done) / Double(total)
    let share = share ?? Double(done - first) / Double(max(total - first, 1))
    let left = share > 0 ? (time - start) * max(1 / share - 1, 0) : .nan
    let text = "\(label) \(done)/\(total) \(detail)" + (left.isFinite ? " \(Self.duration(left)) left\(part)" : "")
    if isTerminal {
      let width = 24
      let filled = Int(fraction * Double(width))
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      write("\r\u{1B}[2K\(bar) \(text)")
    } else {
      write(text + "\n")
    }
  }

  /// Ends the bar's line.
  public func finish() { if isTerminal { write("\r\u{1B}[2K") } }

  /// Seconds as text: "12 s", "4.0 min", "1.5 h".
  public static func duration(_ seconds: Double) -> String {
    if seconds < 60 { return String(format: "%.0f s", seconds) }
    if seconds < 3600 { return String(format: "%.1f min", seconds / 60) }
    return String(format: "%.1f h", seconds / 3600)
  }
}
