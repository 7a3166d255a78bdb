/// As Swift's own, but that the sentence is said in release builds, too: whoever breaks a promise of the interface reads which one.
///
/// It stands before Swift's in every file that imports this room or one above it.
@inlinable @inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = "", file: StaticString = #fileID,
  line: UInt = #line
) {
  guard !condition() else { return }
  fatalError(message(), file: file, line: line)
}

/// As Swift's own, but that the sentence is said in release builds, too.
@inlinable @inline(__always)
package func preconditionFailure(
  _ message: @autoclosure () -> String = "", file: StaticString = #fileID, line: UInt = #line
) -> Never { fatalError(message(), file: file, line: line) }
