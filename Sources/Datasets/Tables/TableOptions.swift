/// What a user says of a table; what is not said is found out.
public struct TableOptions: Codable, Sendable, Equatable {
  /// What the target is: found out, classes, or numbers.
  public enum Task: String, Codable, Sendable, CaseIterable {
    case auto, classes, numbers

    private static let synonyms: [String: Task] = ["classification": .classes, "regression": .numbers]

    /// The task of a name, or of what others call it: `classification`, `regression`.
    public init?(named name: String) {
      guard let task = Task(rawValue: name.lowercased()) ?? Self.synonyms[name.lowercased()] else { return nil }
      self = task
    }
  }
  /// What is done to missing cells of features.
  public enum Missing: String, Codable, Sendable, CaseIterable {
    /// The median and an indicator for numbers, a category of its own for texts.
    case fill
    /// Rows with a missing cell are left out.
    case drop
    /// A missing cell is an error.
    case refuse
  }

  /// How the file is read.
  public var format: TableFormat
  /// Names or positions of the columns to predict, or lists of them with commas; where there are none, the last column
  /// that can be predicted.
  public var targets: [String]
  /// What the target is; found out by default.
  public var task: Task
  /// Columns that are left out, or lists of them.
  public var dropped: [String]
  /// What is done to missing cells of features; filled by default.
  public var missing: Missing
  /// What columns are to be taken for.
  public var kinds: [String: ColumnKind]
  /// Share of the rows for validation, and for a test that nothing is chosen by.
  public var validation: Double
  /// Share of the rows that nothing is chosen by; 0 for no such part.
  public var test: Double
  /// A column whose equal values stay in one part.
  public var group: String?
  /// A column by whose order the rows are parted: the largest values are for the test, then validation.
  public var order: String?

  public init(
    format: TableFormat = TableFormat(), targets: [String] = [], task: Task = .auto, dropped: [String] = [],
    missing: Missing = .fill, kinds: [String: ColumnKind] = [:], validation: Double = 0.2, test: Double = 0,
    group: String? = nil, order: String? = nil
  ) {
    (self.format, self.targets, self.task, self.dropped) = (format, targets, task, dropped)
    (self.missing, self.kinds, self.validation, self.test) = (missing, kinds, validation, test)
    (self.group, self.order) = (group, order)
  }

  /// How many test parts of a share a table has that have no row in common.
  public static func testFolds(of share: Double) -> Int {
    // No table has as many parts as the smallest share would make.
    max(1, Int(min(1 / share + 1e-9, 1_000_000)))
  }
}
