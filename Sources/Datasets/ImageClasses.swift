import Foundation

/// PNG and JPEG files in folders by class: FOLDER/CLASS/FILE, or FOLDER/train/CLASS/FILE beside a part for tests.
public struct ImageClasses: Sendable {
  private static let endings = ["png", "jpg", "jpeg"]
  private static let trainNames = ["train", "training"]
  private static let testNames = ["test", "testing"], validationNames = ["val", "valid", "validation"]

  /// Files of a part with the numbers of their classes, sorted by path.
  private struct Part {
    var files: [String] = []
    var labels: [Int32] = []
  }

  /// In the order of their names.
  public let classNames: [String]
  private let folder: String
  private let train: Part
  private let test: Part?
  /// Whether the folder has a part for tests, and not just one that validates.
  public let hasTestPart: Bool

  /// What of the folder is no example, a sentence each.
  public let leftOut: [String]

  /// Nil where the folder holds no such folders.
  ///
  /// - Throws: `DatasetError` for a folder with one class, or a class that only the test part has.
  public init?(_ folder: String) throws {
    let inside = Self.folders(folder)
    let trainName = inside.first { Self.trainNames.contains($0.lowercased()) }
    let testName = inside.first { (Self.testNames + Self.validationNames).contains($0.lowercased()) }
    let isParted = trainName != nil && testName != nil
    let root = isParted ? folder + "/" + trainName! : folder
    let classes = Self.folders(root).filter { !Self.images(root + "/" + $0).isEmpty }
    guard !classes.isEmpty else { return nil }
    guard classes.count > 1 else {
      throw DatasetError(root, "holds images of one class, \(classes[0]); a class is a folder, and there must be two")
    }
    self.folder = folder
    leftOut = Self.folders(root).flatMap { name -> [String] in
      guard classes.contains(name) else {
        return ["\(name): a folder without images, which is no class"]
      }
      return Self.folders("\(root)/\(name)").filter { !Self.images("\(root)/\(name)/\($0)").isEmpty }
        .map { "\(name)/\($0): images in a folder of a class's folder, which are left out" }
    }
    hasTestPart = isParted && Self.testNames.contains(testName!.lowercased())
    classNames = classes
    train = Self.part(root, classes)
    guard isParted else {
      test = nil
      return
    }
    let apart = folder + "/" + testName!
    if let unknown = Self.folders(apart).first(where: {
      !classes.contains($0) && !Self.images(apart + "/" + $0).isEmpty
    }) {
      throw DatasetError(apart, "holds the class \(unknown), which \(root) has no images of")
    }
    test = Self.part(apart, classes)
    guard !test!.files.isEmpty else { throw DatasetError(apart, "holds no images of the classes of \(root)") }
  }

  /// Training and validation images of one size and kind.
  ///
  /// - Throws: `DatasetError` naming the file that cannot be read, or has another size than the first.
  public func load(_ options: ImageOptions, key: RandomKey) throws -> (train: Dataset, test: Dataset) {
    let parts = try self.parts(options, key)
    let images = try Self.read(parts.train.files + parts.test.files, options.size, channels: nil)
    let first = images[0]
    let bytes = { (range: Range<Int>) in images[range].flatMap(\.pixels) }
    let dataset = { (part: Part, range: Range<Int>) in
      Dataset(
        name: folder,
        features: .images(bytes(range), height: first.height, width: first.width, channels: first.channels),
        targets: .classes(part.labels), classNames: classNames)
    }
    let count = parts.train.files.count
    return (dataset(parts.train, 0..<count), dataset(parts.test, count..<images.count))
  }

  /// Files in their order, with their classes' names; of all parts.
  public var files: [(path: String, className: String)] {
    zip(train.files + (test?.files ?? []), train.labels + (test?.labels ?? [])).map { ($0, classNames[Int($1)]) }
  }

  /// The parts that the folder has, else a share of each class.
  private func parts(_ options: ImageOptions, _ key: RandomKey) throws -> (train: Part, test: Part) {
    if let test { return (train, test) }
    var isHeld = [Bool](repeating: false, count: train.files.count)
    for label in classNames.indices {
      let members = train.labels.indices.filter { train.labels[$0] == Int32(label) }
      guard members.count > 1 else {
        throw DatasetError(folder + "/" + classNames[label], "holds one image; a class needs one more to validate")
      }
      let held = max(1, min(members.count - 1, Int((options.validation * Double(members.count)).rounded())))
      for position in key.split(label).permutation(members.count).prefix(held) { isHeld[members[position]] = true }
    }
    func chosen(_ held: Bool) -> Part {
      let indices = isHeld.indices.filter { isHeld[$0] == held }
      return Part(files: indices.map { train.files[$0] }, labels: indices.map { train.labels[$0] })
    }
    return (chosen(false), chosen(true))
  }

  /// Reads files on all cores. All have the size asked for, else that of the first; colours where one has colours.
  ///
  /// - Throws: `DatasetError` naming the first file that is wrong.
  public static func read(_ files: [String], _ size: [Int]?, channels: Int?) throws -> [RasterImage] {
    guard !files.isEmpty else { return [] }
    let results = Results(files.count)
    DispatchQueue.concurrentPerform(iterations: files.count) { index in
      results.set(
        index,
        Result {
          let image = try RasterImage(contentsOf: files[index])
          return size.map { image.resized(height: $0[0], width: $0[1]) } ?? image
        })
    }
    let images = try results.values.map { try $0!.get() }
    for (file, image) in zip(files, images) where (image.height, image.width) != (images[0].height, images[0].width) {
      throw DatasetError(
        file,
        "is \(image.height) x \(image.width) pixels high and wide, and \(files[0]) \(images[0].height) x "
          + "\(images[0].width); bring all to one size, as by --size \(min(images[0].height, 64))")
    }
    let wanted = channels ?? images.map(\.channels).max()!
    return images.map { $0.withChannels(wanted) }
  }

  /// The names of image files that lie in a folder itself, sorted.
  public static func images(_ folder: String) -> [String] {
    names(folder).filter { isImage($0) && !$0.hasPrefix(".") }
  }

  /// Whether a name is that of a PNG or JPEG file.
  public static func isImage(_ name: String) -> Bool { endings.contains { name.lowercased().hasSuffix("." + $0) } }

  private static func part(_ root: String, _ classes: [String]) -> Part {
    var part = Part()
    for (label, name) in classes.enumerated() {
      for file in images(root + "/" + name) {
        part.files.append(root + "/" + name + "/" + file)
        part.labels.append(Int32(label))
      }
    }
    return part
  }

  private static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private static func folders(_ folder: String) -> [String] {
    names(folder).filter { name in
      var isFolder: ObjCBool = false
      return !name.hasPrefix(".")
        && FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder) && isFolder.boolValue
    }
  }

  /// One place for each file; threads write to places of their own.
  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var values: [Result<RasterImage, any Error>?]

    init(_ count: Int) { values = Array(repeating: nil, count: count) }

    func set(_ index: Int, _ value: Result<RasterImage, any Error>) { lock.withLock { values[index] = value } }
  }
}
