import Foundation

/// What is to be predicted: decided once, from the whole columns.
struct TableTask {
  var targets: [Int]
  /// The classes' names in their order; nil where numbers are predicted.
  var classes: [String]?
  /// What it is and why, in words.
  var account: String
  /// Whether nobody named it.
  let isChosen: Bool

  init(_ profiles: [ColumnProfile], _ table: Table, _ options: TableOptions) throws {
    let source = table.source
    targets = try options.targets.flatMap { try table.indices(ofList: $0) }
    if Set(targets).count < targets.count { throw DatasetError(source, "a target is named twice") }
    var why = ""
    isChosen = targets.isEmpty
    if isChosen {
      let last = profiles.count - 1
      let dropped = try Set(options.dropped.flatMap { try table.indices(ofList: $0) })
      guard
        let chosen = profiles.indices.last(where: {
          !dropped.contains($0) && Self.canBePredicted(profiles[$0], table.rowCount)
        })
      else {
        throw DatasetError(source, Self.hopelessness(profiles, table))
      }
      targets = [chosen]
      if chosen != last { why = ", the last column that can be predicted" }
    }
    for target in targets {
      let profile = profiles[target]
      guard !profile.isEmpty else { throw DatasetError(source, "the target \(profile.column.name) is empty") }
      guard !profile.isConstant else {
        throw DatasetError(
          source, "the target \(profile.column.name) is always \(profile.column.firstText(table.rowCount))")
      }
    }
    let profile = profiles[targets[0]]
    let names = targets.map { profiles[$0].column.name }
    let distinct = profile.column.distinct(table.rowCount, limit: 1000)
    let shown = distinct.count > 1000 ? "more than 1000" : "\(distinct.count)"
    let asked = options.kinds[profile.column.name]
    let wantsClasses =
      options.task == .classes || (options.task == .auto && asked == .category)
      || (options.task == .auto && targets.count == 1 && asked != .number
        && Self.areClasses(profile, distinct.count, table.rowCount))
    if targets.count > 1 || !wantsClasses {
      if let text = targets.first(where: { profiles[$0].column.isText }) {
        let name = profiles[text].column.name
        throw DatasetError(
          source,
          targets.count > 1
            ? "several targets are numbers, and \(name) is text: name one target, or numbers only"
            : "the target \(name) is text\(profiles[text].cause(table)), and numbers were asked for")
      }
      guard !(options.task == .classes) else {
        throw DatasetError(source, "several targets are numbers; one target can be classes")
      }
      account =
        "\(names.count == 1 ? "target" : "\(names.count) targets") \(names.joined(separator: ", "))\(why): "
        + "numbers (\(shown) different values)"
      return
    }
    guard distinct.count * 2 <= max(table.rowCount - profile.missing, 4) else {
      throw DatasetError(
        source,
        "the target \(names[0]) has \(shown) different \(profile.column.isText ? "texts" : "values") in "
          + "\(table.rowCount) rows, too many to be classes\(profile.cause(table)); name another by --target")
    }
    guard distinct.count <= 1000 else {
      throw DatasetError(source, "the target \(names[0]) has more than 1000 classes; name another by --target")
    }
    let classes = distinct.sorted(by: NumberText.precedes)
    self.classes = classes
    let list = classes.prefix(6).joined(separator: ", ") + (classes.count > 6 ? ", ..." : "")
    let reason =
      profile.column.isText
      ? "text"
      : profile.isCode
        ? "whole numbers that doubles do not tell apart"
        : options.task == .classes || asked != nil ? "asked for" : "few whole numbers"
    account = "target \(names[0])\(why): \(classes.count) classes (\(list); \(reason))"
  }

  /// Why no column can be predicted, as far as the columns themselves are the cause.
  private static func hopelessness(_ profiles: [ColumnProfile], _ table: Table) -> String {
    let text = profiles.allSatisfy(\.column.isText)
    if table.rowCount == 1, !table.hasHeader, text { return "has no rows, only names of columns" }
    guard table.rowCount > 1 else { return "has one row, and nothing can be learned from that" }
    func names(_ isSo: (ColumnProfile) -> Bool) -> [String] { profiles.filter(isSo).map(\.column.name) }
    let (empty, constant) = (names(\.isEmpty), names { !$0.isEmpty && $0.isConstant })
    var causes: [String] = []
    if !empty.isEmpty { causes.append("all cells of \(empty.joined(separator: ", ")) are missing") }
    if !constant.isEmpty {
      causes.append("\(constant.joined(separator: ", ")) \(constant.count == 1 ? "is" : "are") constant")
    }
    if empty.count + constant.count < profiles.count {
      causes.append("name a target by --target where you know better")
    }
    return "has no column that could be predicted: " + causes.joined(separator: "; ")
  }

  /// Texts are classes; so are two values, and whole numbers of at most 20 values that come ten times each on average.
  private static func areClasses(_ profile: ColumnProfile, _ distinct: Int, _ rows: Int) -> Bool {
    if profile.column.isText || profile.isCode { return true }
    if distinct == 2 { return profile.isWhole }
    return profile.isWhole && distinct <= 20 && (rows - profile.missing) >= 10 * distinct
  }

  private static func canBePredicted(_ profile: ColumnProfile, _ rows: Int) -> Bool {
    if profile.isEmpty || profile.isConstant || profile.reason != nil { return false }
    if profile.kind == .date || profile.kind == .text { return false }
    return !(profile.column.isText || profile.isCode) || profile.cellCount * 2 <= max(rows - profile.missing, 4)
  }
}

extension TableColumn {
  fileprivate func firstText(_ rows: Int) -> String { (0..<rows).lazy.compactMap { self.text($0) }.first ?? "empty" }
}
