// Without Foundation, which would bring C's `stdout` in as a variable that anybody may set.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// Standard input, output and error of a program, as the shell may leave them: closed, or on a full disk.
package enum StandardStreams {
  /// To be called before anything is opened or printed.
  ///
  /// A file that is opened while one of the three is closed gets its number, and what is printed would go into it:
  /// closed ones lead nowhere from here on, and output cannot be written there. A program whose output did not arrive ends
  /// with a sentence and status 1, whichever way it ends.
  package static func prepare() {
    // A file that may grow no further is an error of the write that says so, as on a full disk, and not a death.
    _ = signal(SIGXFSZ, SIG_IGN)
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
      // Lower numbers are taken, so this one gets the number. What is printed is asked for, what is announced need not be.
      _ = open("/dev/null", descriptor == 1 ? O_RDONLY : O_RDWR)
    }
    atexit {
      guard !StandardStreams.haveArrived() else { return }
      let sentence = "Error: standard output cannot be written; is it closed, or the disk full?\n"
      _ = write(2, sentence, sentence.utf8.count)
      _exit(EXIT_FAILURE)
    }
  }

  /// Whether all that was printed has reached the system; an earlier piece that did not is remembered.
  package static func haveArrived() -> Bool { fflush(stdout) == 0 && ferror(stdout) == 0 }
}
