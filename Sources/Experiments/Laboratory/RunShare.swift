/// A part of a run's tasks, for one of several machines that know nothing of each other.
///
/// Tasks are dealt out in turn, stage by stage, so that each share has some of every arm.
/// `RunMerge` brings the shares together.
public struct RunShare: Sendable, Equatable, CustomStringConvertible {
  /// Which of the shares it is, from 1 on.
  public let number: Int
  /// Of all shares.
  public let count: Int

  /// The most shares that make sense.
  package static let most = 10_000

  /// - Parameter text: as "2/4", the second of four.
  /// - Throws: `SettingsError` where it is no share.
  public init(_ text: String) throws {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let number = numbers[0], let count = numbers[1], 1...Self.most ~= count,
      1...count ~= number
    else {
      throw SettingsError("a share is written as 2/4, the second of four (\(Self.most) at most), not \(text)")
    }
    (self.number, self.count) = (number, count)
  }

  public var description: String { "\(number)/\(count)" }

  /// Whether the task at a position among all of its stage, from 0 on, is of this share.
  func holds(_ position: Int) -> Bool { position % count == number - 1 }
}
