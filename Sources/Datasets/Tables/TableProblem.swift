import Foundation

/// A table made ready to learn from: what is predicted, from what, and on which rows.
public struct TableProblem: Sendable {
  /// Standardised features; targets are classes, or standardised numbers [n, targets].
  public let train: Dataset
  /// The rows that choose: encoded as the training part is.
  public let validation: Dataset
  /// Where a share is held out for it.
  public let test: Dataset?
  /// All that other tables need to be encoded alike.
  public let encoding: TableEncoding
  /// What was understood, in one line.
  public let summary: String
  /// What may be wrong in the file, a sentence each.
  public let doubts: [String]
  /// The lines of the file that validation and test read.
  public let validationLines: [Int]
  /// The lines of the file that the test reads.
  public let testLines: [Int]

  /// Reads, decides, parts, fits to the training part, and encodes.
  ///
  /// - Parameters:
  ///   - key: decides the parts.
  ///   - testKey: decides the test part alone, so that it is the same whatever `key` is; nil for `key`.
  ///   - testPart: which of several test parts is taken. The first ones share no row, as many as there are shares of `options.test`
  ///     in a table (the folds of a cross-validation); those behind them are folds of another order, and so on.
  /// - Throws: `DatasetError` naming line and column, or the nearest name.
  public init(
    _ path: String, _ options: TableOptions = TableOptions(), key: RandomKey, testKey: RandomKey? = nil,
    testPart: Int = 0
  ) throws {
    try self.init(try Table.read(path, options.format), options, key: key, testKey: testKey, testPart: testPart)
  }

  /// Decides, parts, fits and encodes a table that was read.
  ///
  /// - Parameters:
  ///   - table: is used up; its columns hold nothing afterwards.
  ///   - key: decides the parts.
  ///   - testKey: decides the test part alone, so that it is the same whatever `key` is; nil for `key`.
  ///   - testPart: which of several test parts is taken. The first ones share no row, as many as there are shares of `options.test`
  ///     in a table (the folds of a cross-validation); those behind them are folds of another order, and so on.
  /// - Throws: `DatasetError` where options name no column of the table, or nothing is left to predict or to learn
  ///   from.
  public init(
    _ table: Table, _ options: TableOptions = TableOptions(), key: RandomKey, testKey: RandomKey? = nil,
    testPart: Int = 0
  ) throws {
    let source = table.source
    var asked: [Int: ColumnKind] = [:]
    for (name, kind) in options.kinds {
      let index = try table.index(of: name)
      if let other = asked.updateValue(kind, forKey: index), other != kind {
        throw DatasetError(source, "\(table.columns[index].name) is to be of two kinds, \(other) and \(kind)")
      }
    }
    var profiles = try table.columns.enumerated().map { index, column in
      try ColumnProfile(column, of: table, asked: asked[index], position: index)
    }
    let dropped = try options.dropped.flatMap { try table.indices(ofList: $0) }
    try Self.refuseOddCells(
      table, profiles, besides: dropped + (try options.group.map { [try table.index(of: $0)] } ?? []))
    let task = try TableTask(profiles, table, options)
    for index in dropped {
      guard !task.targets.contains(index) else {
        throw DatasetError(source, "\(table.columns[index].name) is the target and cannot be dropped")
      }
      profiles[index].reason = "asked"
    }
    if let name = options.group { profiles[try table.index(of: name)].reason = "groups" }
    Self.keepSomething(&profiles, task, options)
    let inputs = profiles.indices.filter { !task.targets.contains($0) && profiles[$0].reason == nil }
    guard !inputs.isEmpty else {
      throw DatasetError(source, Self.poverty(table, profiles, task))
    }
    try Self.checkRange(table, inputs + task.targets, profiles)

    // Rows.
    let (used, lost) = try Self.usedRows(table, task, inputs, options)
    let labels = task.classes.map { Self.labels(table, task.targets[0], $0) }
    let split = try TableSplit(
      table, used: used, labels: labels, options, profiles, key: key, testKey: testKey, testPart: testPart)
    let trainRows = split.rows(.train)
    if let labels, let first = trainRows.first, trainRows.allSatisfy({ labels[$0] == labels[first] }) {
      throw DatasetError(
        source,
        "the target \(table.columns[task.targets[0]].name) is always \(task.classes![Int(labels[first])]) in the "
          + "training part")
    }
    let fitted = inputs.map { TableEncoding.fit(profiles[$0], rows: trainRows) }
    for (index, input) in zip(inputs, fitted) where input == nil {
      profiles[index].reason = profiles[index].isCode ? "not told apart by doubles" : "constant in training"
    }
    let kept = zip(inputs, fitted).filter { $0.1 != nil }
    guard !kept.isEmpty else { throw DatasetError(source, "has no column that varies in the training part") }
    var scale: TargetScale?
    if task.classes == nil {
      let moments = task.targets.map { target in Moments(trainRows.lazy.map { table.columns[target].number($0) }) }
      if let flat = moments.firstIndex(where: \.isConstant) {
        let target = profiles[task.targets[flat]]
        throw DatasetError(
          source,
          "the target \(target.column.name) "
            + (target.isCode
              ? "has numbers that doubles do not tell apart; --task classes takes them as they are written"
              : "is constant in the training part"))
      }
      scale = TargetScale(mean: moments.map(\.mean), deviation: moments.map(\.deviation))
    }
    let encoding = TableEncoding(
      inputs: kept.map { $0.1! }, targets: task.targets.map { table.columns[$0].name }, targetScale: scale,
      classes: task.classes ?? [], hasHeader: table.hasHeader, decimal: table.decimal, missing: options.missing)
    self.encoding = encoding
    summary = Self.summary(table, profiles, task, encoding, split, inputs: inputs, lost: lost)
    doubts = Self.doubts(table, profiles, task, inputs: kept.map(\.0))
    (validationLines, testLines) = (
      split.rows(.validation).map { table.line(of: $0) }, split.rows(.test).map { table.line(of: $0) }
    )

    // Numbers.
    let parts: [TableSplit.Part] = [.train, .validation, .test]
    let rows = parts.map { split.rows($0) }
    let targets = rows.map { rows -> Dataset.Targets in
      if let labels { return .classes(rows.map { labels[$0] }) }
      var values: [Float] = []
      values.reserveCapacity(rows.count * task.targets.count)
      for row in rows {
        for (index, target) in task.targets.enumerated() {
          values.append(Float((table.columns[target].number(row) - scale!.mean[index]) / scale!.deviation[index]))
        }
      }
      return .numbers(NDArray(values, shape: [rows.count, task.targets.count]))
    }
    let width = encoding.width
    let arrays = rows.map { NDArray(uninitialized: [$0.count, width], .float32) }
    var next = arrays.map { $0.storage.pointer.assumingMemoryBound(to: Float.self) }
    encoding.write(kept.map { table.columns[$0.0] }, rows: table.rowCount, releasing: table.columns) { row in
      let part = Int(split.parts[row])
      guard part < next.count else { return nil }
      defer { next[part] += width }
      return next[part]
    }
    let sets = zip(arrays, targets).map { array, target in
      Dataset(name: source, features: .numbers(array), targets: target, classNames: task.classes ?? [])
    }
    (train, validation) = (sets[0], sets[1])
    test = rows[2].isEmpty ? nil : sets[2]
  }

  /// Identifiers are kept where nothing else is there.
  private static func keepSomething(_ profiles: inout [ColumnProfile], _ task: TableTask, _ options: TableOptions) {
    let features = profiles.indices.filter { !task.targets.contains($0) }
    guard !features.contains(where: { profiles[$0].reason == nil }) else { return }
    for index in features where profiles[index].reason == "identifier" && profiles[index].kind == .number {
      profiles[index].reason = nil
    }
  }

  private static func checkRange(_ table: Table, _ indices: [Int], _ profiles: [ColumnProfile]) throws {
    for index in indices where profiles[index].kind == .number {
      if let beyond = table.columns[index].beyond {
        throw DatasetError(
          table.source,
          "line \(table.line(of: beyond.row)), column \(table.columns[index].name): \(beyond.text) is beyond float32")
      }
    }
  }

  /// Rows with all targets, and with all features where missing ones are not filled.
  private static func usedRows(
    _ table: Table, _ task: TableTask, _ inputs: [Int], _ options: TableOptions
  ) throws -> (used: [Bool], lost: String) {
    var used = [Bool](repeating: true, count: table.rowCount)
    var lines: [Int] = []
    for row in used.indices where task.targets.contains(where: { table.columns[$0].isMissing(row) }) {
      used[row] = false
      lines.append(table.line(of: row))
    }
    var lost: [String] = []
    if !lines.isEmpty {
      let shown = lines.prefix(5).map(String.init).joined(separator: ", ") + (lines.count > 5 ? ", ..." : "")
      lost.append(
        "\(lines.count) left out without a target: line\(lines.count == 1 ? "" : "s") \(shown)")
    }
    if options.missing != .fill {
      var dropped = 0
      for row in used.indices where used[row] {
        guard let index = inputs.first(where: { table.columns[$0].isMissing(row) }) else { continue }
        guard options.missing == .drop else {
          throw DatasetError(
            table.source,
            "line \(table.line(of: row)), column \(table.columns[index].name) is missing, and --missing refuse was given"
          )
        }
        used[row] = false
        dropped += 1
      }
      if dropped > 0 { lost.append("\(dropped) left out with missing cells") }
    }
    let count = used.filter { $0 }.count
    guard count >= 4 else {
      throw DatasetError(table.source, "has \(count) rows with a target, too few to learn from and to validate")
    }
    return (used, lost.joined(separator: ", "))
  }

  private static func labels(_ table: Table, _ target: Int, _ classes: [String]) -> [Int32] {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    let column = table.columns[target]
    if column.isText {
      let ofWords = column.words.map { places[$0] ?? -1 }
      return (0..<table.rowCount).map { column.code($0) < 0 ? -1 : ofWords[column.code($0)] }
    }
    return (0..<table.rowCount).map { column.text($0).flatMap { places[$0] } ?? -1 }
  }
}
