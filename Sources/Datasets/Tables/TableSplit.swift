import Foundation

/// Which rows train, validate and test.
struct TableSplit {
  enum Part: UInt8 { case train, validation, test, unused }

  private(set) var parts: [UInt8]
  /// How it was made, in words.
  private(set) var account: String

  func rows(_ part: Part) -> [Int] { parts.indices.filter { parts[$0] == part.rawValue } }

  /// - Parameters:
  ///   - used: which rows may be.
  ///   - labels: the class of each row; nil where numbers are predicted.
  ///   - testKey: decides the test part alone; nil for `key`.
  ///   - testPart: which one of several, as `TableProblem` says.
  init(
    _ table: Table, used: [Bool], labels: [Int32]?, _ options: TableOptions, _ profiles: [ColumnProfile],
    key: RandomKey, testKey: RandomKey?, testPart: Int = 0
  ) throws {
    let folds = options.test > 0 ? TableOptions.testFolds(of: options.test) : 1
    let fold = testPart % folds
    let testKey = testPart < folds ? testKey : (testKey ?? key).split("again").split(testPart / folds)
    // What the test leaves is drawn from anew by the other key.
    func reordered(_ order: ArraySlice<Int>, _ key: RandomKey, after part: Part) -> ArraySlice<Int> {
      guard testKey != nil, part == .test else { return order }
      let rest = Array(order).sorted()
      return key.permutation(rest.count).map { rest[$0] }[...]
    }
    parts = used.map { $0 ? Part.train.rawValue : Part.unused.rawValue }
    let rows = used.indices.filter { used[$0] }
    let shares: [(Part, Double)] = [(.test, options.test), (.validation, options.validation)].filter { $0.1 > 0 }
    if let name = options.order {
      guard testPart == 0 else {
        throw DatasetError(table.source, "the last rows by \(name) are one test part; others cannot be drawn")
      }
      let profile = profiles[try table.index(of: name)]
      let keys = try Self.orderKeys(profile, rows, table)
      let order = rows.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
      var end = order.count
      for (part, share) in shares {
        let count = Self.count(rows.count, share)
        for index in order[max(end - count, 0)..<end] { parts[rows[index]] = part.rawValue }
        end = max(end - count, 0)
      }
      account = "the last by \(name)"
    } else if let name = options.group {
      let column = table.columns[try table.index(of: name)]
      let groups = Dictionary(grouping: rows) { column.text($0) ?? "" }
      let names = groups.keys.sorted()
      guard names.count > shares.count else {
        throw DatasetError(table.source, "column \(name) has \(names.count) groups, too few to hold some out")
      }
      var order = (options.test > 0 ? testKey ?? key : key).permutation(names.count)[...]
      for (part, share) in shares {
        let wanted = Self.count(rows.count, share)
        var (passed, held) = ([Int](), 0)
        while part == .test, held < wanted * fold, let next = order.popFirst() {
          passed.append(next)
          held += groups[names[next]]!.count
        }
        let end = part == .test ? wanted * (fold + 1) : wanted
        while held < end, order.count + passed.count > 1, let next = order.popFirst() {
          for row in groups[names[next]]! { parts[row] = part.rawValue }
          held += groups[names[next]]!.count
        }
        guard part != .test || testPart == 0 || parts.contains(part.rawValue) else {
          throw DatasetError(table.source, "the groups of \(name) are too large for \(testPart + 1) test parts")
        }
        order = reordered(order + passed, key, after: part)
      }
      account = "whole groups of \(name)"
    } else {
      let strata: [[Int]]
      if let labels {
        strata = Dictionary(grouping: rows) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
        account = "at random, each class alike"
      } else {
        (strata, account) = ([rows], "at random")
      }
      for (index, members) in strata.enumerated() {
        var order = (options.test > 0 ? testKey ?? key : key).split(index).permutation(members.count)[...]
        for (part, share) in shares {
          // Folds whose ends are rounded: together they are all rows, where shares are.
          func end(_ folds: Int) -> Int { Int((Double(members.count) * share * Double(folds)).rounded()) }
          let start = part == .test ? end(fold) : 0
          let count = min(part == .test ? end(fold + 1) - start : end(1), max(order.count - 1, 0))
          if start > 0 { order = order.dropFirst(start) + order.prefix(start) }
          for position in order.prefix(count) { parts[members[position]] = part.rawValue }
          order = reordered(order.dropFirst(count), key.split(index), after: part)
        }
      }
      // Classes of one or two rows are too small to be parted: one of all rows then is.
      for (part, share) in shares where share > 0 && !parts.contains(part.rawValue) {
        // Taken from anywhere, it could be another test part's.
        guard part != .test || testPart == 0 else {
          throw DatasetError(table.source, "\(rows.count) rows are too few for \(testPart + 1) test parts of \(share)")
        }
        let free = rows.filter { parts[$0] == Part.train.rawValue }
        let own = part == .test ? testKey ?? key : key
        if free.count > 1 {
          parts[free[own.split("one").permutation(free.count)[0]]] = part.rawValue
        }
      }
    }
    guard parts.filter({ $0 == 0 }).count >= 2, !shares.contains(where: { !parts.contains($0.0.rawValue) }) else {
      throw DatasetError(
        table.source, "\(rows.count) rows are too few to hold out a fraction of \(options.validation + options.test)")
    }
  }

  private static func count(_ rows: Int, _ share: Double) -> Int {
    max(1, min(Int((Double(rows) * share).rounded()), rows - 2))
  }

  private static func orderKeys(_ profile: ColumnProfile, _ rows: [Int], _ table: Table) throws -> [Double] {
    let column = profile.column
    guard column.isText else {
      guard !column.words.isEmpty else {
        return rows.map { column.number($0).isNaN ? -.infinity : column.number($0) }
      }
      // Whole numbers that doubles do not tell apart have an order by their digits.
      let texts = rows.map { column.text($0) }
      let known = Set(texts.compactMap { $0 }).sorted(by: NumberText.precedes)
      let ranks = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, Double($0)) })
      return texts.map { $0.flatMap { ranks[$0] } ?? -.infinity }
    }
    guard let dates = DateText(column.words) else {
      throw DatasetError(
        table.source, "column \(column.name) has no order: it is neither numbers nor dates\(profile.cause(table))")
    }
    let seconds = column.words.map { dates.seconds($0)! }
    return rows.map { column.code($0) < 0 ? -.infinity : seconds[column.code($0)] }
  }
}
