import Foundation
import Training

/// Where a user's data come from: a known data set, a folder of images, or a table.
package enum TrainingSource: Sendable {
  case known(String)
  case images(String)
  case table(String)

  /// - Throws: `SettingsError` where there is nothing of that name.
  package init(_ source: String) throws {
    if CatalogueEntry.all.contains(where: { $0.name == source }) {
      self = .known(source)
      return
    }
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: source, isDirectory: &isFolder)
    guard Table.exists(source) else {
      try Table.checkPath(source)
      let names = CatalogueEntry.all.map(\.name)
      throw SettingsError(
        "there is no file \(source), and no data set of that name; \(NearestName.hint(source, among: names))")
    }
    self = isFolder.boolValue ? .images(source) : .table(source)
  }

  package var isTable: Bool { if case .table = self { true } else { false } }

  /// What it is, in a sentence.
  package var description: String {
    switch self {
    case .known(let name): "\(name) is a known data set"
    case .images(let path): "\(path) is a folder of images"
    case .table(let path): "\(path) is a table"
    }
  }

  /// Whether they bring a part for tests.
  ///
  /// - Throws: `DatasetError` for a folder of image files that is none.
  package var hasTestPart: Bool {
    get throws {
      switch self {
      case .known: true
      case .images(let folder): try ImageFolder.hasTestPart(folder)
      case .table: false
      }
    }
  }

  /// Reads and parts the data.
  ///
  /// - Parameters:
  ///   - options: of tables.
  ///   - images: of folders of PNG and JPEG files.
  ///   - heldOut: the share of examples that validates where they bring a test part; nil where that part validates, which
  ///     then is no test.
  ///   - test: a table of rows that nothing is chosen by.
  /// - Throws: `DatasetError` naming line and column.
  package func problem(
    _ options: TableOptions?, images: ImageOptions? = nil, heldOut: Double? = nil, test: String?, seed: Int,
    data: DataLocator
  ) throws -> TrainingProblem {
    if case .table(let path) = self {
      let table = try TableProblem(path, options ?? TableOptions(), key: RandomKey(seed: seed).split("validation"))
      var problem = TrainingProblem(table)
      if let test {
        let format = options?.format ?? TableFormat()
        let (rows, notes) = try table.encoding.dataset(of: try table.encoding.read(test, format))
        problem.test = rows
        let known = rows.countOfRows(alsoIn: [table.train, table.validation])
        let overlap = known > 0 ? ["\(known) of them also in the training table, alike in all that the model sees"] : []
        problem.summary +=
          "; " + (["\(test): \(counted(rows.count, "row")) to test"] + overlap + notes).joined(separator: ", ")
      }
      return problem
    }
    guard let parts = try parts(images, seed: seed, data: data) else {
      throw SettingsError("\(description) and has no parts")
    }
    var problem =
      try heldOut.map { try TrainingProblem(parts, validation: $0, key: RandomKey(seed: seed).split("validation")) }
      ?? TrainingProblem(train: parts.train, validation: parts.test)
    if case .images(let folder) = self { problem.doubts = try ImageFolder.leftOut(folder) }
    return problem
  }

  /// Training and test examples of what is no table; nil of a table.
  ///
  /// - Parameters:
  ///   - images: of folders of PNG and JPEG files.
  ///   - seed: draws a test part where a folder has none.
  /// - Throws: `DatasetError` naming the file that is wrong.
  func parts(
    _ images: ImageOptions?, seed: Int, data: DataLocator
  ) throws -> (train: Dataset, test: Dataset)? {
    switch self {
    case .known(let name): try data.load(name)
    case .images(let folder): try ImageFolder.load(folder, images, key: RandomKey(seed: seed).split("validation"))
    case .table: nil
    }
  }
}
