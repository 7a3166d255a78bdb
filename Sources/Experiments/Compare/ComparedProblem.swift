/// What a comparison found its data to be when it began; a run that is resumed must find the same.
public struct ComparedProblem: Codable, Sendable, Equatable {
  /// As reports call it: a file's name without its ending, or a known data set's.
  public var name: String
  /// What was understood, in one line.
  public var account: String
  /// Of the data, split for the first tuning seed.
  public var fingerprint: String
  /// Whether there is a part that nothing is chosen by.
  public var hasTest: Bool
  /// 0 where numbers are predicted.
  public var classes: Int
  /// Rows for the test per row that is not; nil where there is no such part, or a run was begun before it was written.
  public var testRatio: Double?
  /// Whether it is a function and no data; nil for not.
  public var isFunction: Bool?
  /// Of a function: whether its minimum is known.
  public var hasMinimum: Bool?
  /// Of a function: whether its minimum is known to lie where all numbers are 0, for every seed.
  public var isLeastAtZero: Bool?

  /// Name and account, the name once.
  var sentence: String { account.hasPrefix(name + ": ") ? account : "\(name): \(account)" }

  public init(
    name: String, account: String, fingerprint: String, hasTest: Bool, classes: Int, testRatio: Double? = nil,
    isFunction: Bool? = nil
  ) {
    (self.name, self.account, self.fingerprint) = (name, account, fingerprint)
    (self.hasTest, self.classes, self.testRatio, self.isFunction) = (hasTest, classes, testRatio, isFunction)
  }
}
