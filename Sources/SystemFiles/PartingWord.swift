#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a program says on standard error where it is ended by Ctrl-C or `kill`: how its work goes on.
///
/// The text is made ready beforehand, since a signal's handler may do hardly anything: it hands bytes to the system and lets
/// the signal end the process, whose status then is that of one without a handler.
package enum PartingWord {
  /// Ends with a NUL. It is exchanged as a whole and never freed: a handler may be reading it.
  nonisolated(unsafe) private static var text: UnsafeMutablePointer<CChar>?

  /// Has the two signals answered, but for those that are ignored, as by `nohup`; for programs, not for libraries.
  package static func prepare() {
    for number in [SIGINT, SIGTERM] {
      var old = sigaction()
      guard sigaction(number, nil, &old) == 0, isDefault(old) else { continue }
      var new = sigaction()
      setHandler(of: &new) { number in
        if let text = PartingWord.text { _ = write(2, text, strlen(text)) }
        // Blocked until this returns; then it finds no handler any more.
        raise(number)
      }
      new.sa_flags = Int32(bitPattern: UInt32(truncatingIfNeeded: SA_RESETHAND))
      sigaction(number, &new, nil)
    }
  }

  /// Says that a command goes on with what is interrupted while `body` runs.
  package static func during<Result>(_ command: String, _ body: () throws -> Result) rethrows -> Result {
    let earlier = text
    // Behind a progress bar on a line of its own.
    text = strdup("\(isatty(2) == 1 ? "\n" : "")interrupted; go on with \(command)\n")
    defer { text = earlier }
    return try body()
  }

  private static func isDefault(_ action: sigaction) -> Bool {
    #if canImport(Glibc)
      unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 0
    #else
      unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == 0
    #endif
  }

  private static func setHandler(of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
    #if canImport(Glibc)
      action.__sigaction_handler.sa_handler = handler
    #else
      action.__sigaction_u.__sa_handler = handler
    #endif
  }
}
