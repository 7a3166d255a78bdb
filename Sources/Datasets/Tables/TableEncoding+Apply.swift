import Foundation

extension TableEncoding {
  /// Writes the features of rows piece by piece, where each row's place is given; nil for rows that are not wanted.
  ///
  /// - Parameter releasing: whether a piece's memory is given back when it is written.
  func write(
    _ columns: [TableColumn], rows: Int, releasing: [TableColumn] = [],
    to place: (Int) -> UnsafeMutablePointer<Float>?
  ) {
    var offset = 0
    let writers = zip(inputs, columns).map { input, column -> ColumnWriter in
      defer { offset += input.features.count }
      return ColumnWriter(input, column, offset)
    }
    let size = (columns + releasing).first?.pieceSize ?? 1
    var places = [UnsafeMutablePointer<Float>?](repeating: nil, count: size)
    for start in stride(from: 0, to: rows, by: size) {
      let count = min(size, rows - start)
      for index in 0..<count { places[index] = place(start + index) }
      places.withUnsafeBufferPointer { places in
        for writer in writers { writer.write(start, UnsafeBufferPointer(rebasing: places[..<count])) }
      }
      for column in releasing { column.releaseFirst() }
    }
  }

  /// The features of all rows of another table: [rows, width]; with what was met that training did not know, in words.
  ///
  /// - Throws: `DatasetError` for a column that is missing, or that holds what it cannot.
  public func features(of table: Table) throws -> (array: NDArray, notes: [String]) {
    let columns = try columns(of: table)
    for (input, column) in zip(inputs, columns) {
      if let beyond = column.beyond, input.kind == .number {
        throw DatasetError(
          table.source, "line \(table.line(of: beyond.row)), column \(column.name): \(beyond.text) is beyond float32")
      }
      switch input.kind {
      case .number where column.isText:
        let wrong = (0..<table.rowCount).first {
          guard case let code = column.code($0), code >= 0 else { return false }
          return NumberText.value(column.words[code]) == nil && !NumberText.isMark(column.words[code])
        }
        if let wrong {
          let text = column.text(wrong)!
          let other = (table.decimal ?? decimal ?? .point).other
          let isOther = NumberText.decorated(text, decimal: other.byte) != nil
          throw DatasetError(
            table.source,
            "line \(table.line(of: wrong)), column \(column.name): \"\(text)\" is no number, and "
              + "the training data had numbers there"
              + (isOther ? "; where a \(other) is the file's decimal sign, say --decimal \(other)" : ""))
        }
      case .date where column.isText:
        let seconds = DateSeconds(column, isDayFirst: input.isDayFirst, unit: nil)
        if let wrong = (0..<table.rowCount).first(where: { seconds[$0].isNaN && !column.isMissing($0) }) {
          throw DatasetError(
            table.source,
            "line \(table.line(of: wrong)), column \(column.name): \"\(column.text(wrong)!)\" is no date, and the training "
              + "data had dates there")
        }
      default: break
      }
    }
    let width = width
    var array = NDArray(uninitialized: [table.rowCount, width], .float32)
    array.withUnsafeMutableElements(of: Float.self) { target in
      let base = target.baseAddress!
      write(columns, rows: table.rowCount) { base + $0 * width }
    }
    return (array, notes(columns, table))
  }
}

/// Writes one column's features.
private struct ColumnWriter {
  private let input: TableEncoding.Input
  private let column: TableColumn
  private let offset: Int
  private let width: Int
  private let seconds: DateSeconds?
  /// The feature of each of the column's words, -1 where it has none; and how often it came.
  private let features: [Int]
  private let frequencies: [Float]
  private let words: [[(feature: Int, value: Float)]]

  init(_ input: TableEncoding.Input, _ column: TableColumn, _ offset: Int) {
    (self.input, self.column, self.offset) = (input, column, offset)
    width = input.features.count
    seconds = input.kind == .date ? DateSeconds(column, isDayFirst: input.isDayFirst, unit: input.unit) : nil
    let places = Dictionary(uniqueKeysWithValues: input.values.enumerated().map { ($1, $0) })
    features = input.kind == .category ? column.words.map { places[$0] ?? -1 } : []
    frequencies =
      input.kind == .category && !input.scales.isEmpty
      ? column.words.map { input.scales[0](log(1 + Double(input.counts[$0] ?? 0))) } : []
    words = input.kind == .text ? column.words.map { Self.hashed($0, input.hashes) } : []
  }

  func write(_ start: Int, _ places: UnsafeBufferPointer<UnsafeMutablePointer<Float>?>) {
    switch input.kind {
    case .number: numbers(start, places)
    case .date:
      for (index, place) in places.enumerated() {
        guard let place else { continue }
        let value = seconds![start + index]
        let filled = value.isNaN ? input.fill : value
        for (part, scale) in input.scales.enumerated() {
          place[offset + part] = scale(DatePart.value(scale.name, filled))
        }
        if input.hasIndicator { place[offset + width - 1] = value.isNaN ? 1 : 0 }
      }
    case .category:
      for (index, place) in places.enumerated() { if let place { category(start + index, place + offset) } }
    case .text:
      for (index, place) in places.enumerated() {
        guard let place else { continue }
        for feature in 0..<width { place[offset + feature] = 0 }
        let hashed: [(feature: Int, value: Float)]
        if column.isText {
          let code = column.code(start + index)
          hashed = code < 0 ? [] : words[code]
        } else {
          hashed = column.text(start + index).map { Self.hashed($0, input.hashes) } ?? []
        }
        for (feature, value) in hashed { place[offset + feature] = value }
      }
    }
  }

  private func numbers(_ start: Int, _ places: UnsafeBufferPointer<UnsafeMutablePointer<Float>?>) {
    let scale = input.scales.first
    for (index, place) in places.enumerated() {
      guard let place else { continue }
      var value = column.number(start + index)
      if column.isText, let text = column.text(start + index) { value = NumberText.value(text) ?? .nan }
      let isMissing = value.isNaN
      if let scale { place[offset] = scale(isMissing ? input.fill : value) }
      if input.hasIndicator { place[offset + width - 1] = isMissing ? 1 : 0 }
    }
  }

  private func category(_ row: Int, _ place: UnsafeMutablePointer<Float>) {
    var feature = -1
    var frequency: Float?
    let isMissing = column.isMissing(row)
    if column.isText, !isMissing {
      feature = features[column.code(row)]
      if !frequencies.isEmpty { frequency = frequencies[column.code(row)] }
    } else if let text = column.text(row) {
      feature = input.values.firstIndex(of: text) ?? -1
      if let scale = input.scales.first { frequency = scale(log(1 + Double(input.counts[text] ?? 0))) }
    }
    if isMissing, input.countsMissing { feature = input.values.count }
    if input.isBinary {
      // The second of two, the first, or neither.
      place[0] = feature < 0 ? 0 : feature == 1 ? 1 : -1
      return
    }
    for index in 0..<width { place[index] = 0 }
    if feature >= 0 { place[feature] = 1 }
    guard !input.counts.isEmpty else { return }
    let other = input.values.count + (input.countsMissing ? 1 : 0)
    if feature < 0 { place[other] = 1 }
    if let scale = input.scales.first { place[other + 1] = frequency ?? scale(0) }
  }

  /// Counts of a text's words by the number of their hash, in a vector of length sqrt(width): its elements have a mean
  /// square of one, as standardised numbers do.
  private static func hashed(_ text: String, _ width: Int) -> [(feature: Int, value: Float)] {
    var counts: [Int: Double] = [:]
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      // The high bits are the better mixed ones.
      counts[Int((hash >> 32) % UInt64(width)), default: 0] += 1
    }
    let squares = counts.values.reduce(0) { $0 + log(1 + $1) * log(1 + $1) }
    guard squares > 0 else { return [] }
    let factor = (Double(width) / squares).squareRoot()
    return counts.sorted { $0.key < $1.key }.map { ($0.key, Float(factor * log(1 + $0.value))) }
  }
}

extension TableEncoding {
  /// Features and targets of the rows of another table that have all targets.
  ///
  /// - Throws: `DatasetError` as for features, and for a target that is not there, or is no number or class of the
  ///   training data.
  public func dataset(of table: Table) throws -> (dataset: Dataset, notes: [String]) {
    let columns = try targets.map { name -> TableColumn in
      guard let column = table.columns.first(where: { $0.name == name }) else {
        throw DatasetError(table.source, "lacks the target \(name); \(nearest([name], in: table))")
      }
      // A dash may be a class.
      column.settleMarks(as: classes.contains(where: NumberText.isMark) ? .category : nil, rows: table.rowCount)
      return column
    }
    let rows = (0..<table.rowCount).filter { row in !columns.contains { $0.isMissing(row) } }
    guard !rows.isEmpty else { throw DatasetError(table.source, "has no row with a target") }
    var (features, notes) = try features(of: table)
    if rows.count < table.rowCount { notes.append("\(table.rowCount - rows.count) rows without a target") }
    features = features.rows(at: rows)
    if classes.isEmpty {
      let scale = targetScale ?? TargetScale(mean: targets.map { _ in 0 }, deviation: targets.map { _ in 1 })
      var values: [Float] = []
      for row in rows {
        for (index, column) in columns.enumerated() {
          let value = column.isText ? NumberText.value(column.text(row)!) ?? .nan : column.number(row)
          guard value.isFinite else {
            throw DatasetError(
              table.source, "line \(table.line(of: row)), target \(column.name): \"\(column.text(row)!)\" is no number")
          }
          values.append(Float((value - scale.mean[index]) / scale.deviation[index]))
        }
      }
      return (
        Dataset(
          name: table.source, features: .numbers(features),
          targets: .numbers(NDArray(values, shape: [rows.count, targets.count]))), notes
      )
    }
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    let labels = try rows.map { row -> Int32 in
      let text = columns[0].text(row)!
      guard let label = places[text] else {
        throw DatasetError(
          table.source,
          "line \(table.line(of: row)): \"\(text)\" is no class of the training data; "
            + NearestText.hint(text, classes))
      }
      return label
    }
    return (
      Dataset(name: table.source, features: .numbers(features), targets: .classes(labels), classNames: classes), notes
    )
  }
}
