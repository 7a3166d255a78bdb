import Arrays
import Foundation

/// Reads the IDX format of MNIST and its relatives: a magic number with type and rank, big-endian extents, bytes.
public enum IDX {
  /// The extents and bytes of a file, gzip-compressed or not.
  static func read(_ path: String, rank: Int) throws -> (extents: [Int], bytes: Data) {
    let data = try Gzip.contents(path)
    guard data.count >= 4, data[0] == 0, data[1] == 0 else { throw DatasetError(path, "is no IDX file") }
    guard data[2] == 8 else { throw DatasetError(path, "holds elements of type \(data[2]) and not bytes (8)") }
    guard Int(data[3]) == rank else { throw DatasetError(path, "has \(data[3]) axes and not \(rank)") }
    guard data.count >= 4 + 4 * rank else { throw DatasetError(path, "ends inside of its header") }
    let extents = (0..<rank).map { axis in (0..<4).reduce(0) { $0 << 8 | Int(data[4 + 4 * axis + $1]) } }
    guard let expected = Shape.byteCount(extents, elementSize: 1) else {
      throw DatasetError(path, "the extents \(extents) are absurd")
    }
    let bytes = data.dropFirst(4 + 4 * rank)
    guard bytes.count == expected else {
      throw DatasetError(path, "\(extents) needs \(expected) bytes and has \(bytes.count)")
    }
    guard expected > 0 else { throw DatasetError(path, "holds nothing: its extents are \(extents)") }
    return (extents, Data(bytes))
  }

  /// Grey images with their classes; without names, classes are called by their numbers.
  ///
  /// - Throws: `DatasetError` where a file is no IDX file, the numbers of images and labels differ, or a label has no
  ///   class.
  public static func dataset(
    name: String, images: String, labels: String, classNames: [String]? = nil
  ) throws -> Dataset {
    let (extents, pixels) = try read(images, rank: 3)
    let (counts, classes) = try read(labels, rank: 1)
    let classNames = classNames ?? (0...Int(classes.max() ?? 0)).map { "\($0)" }
    guard counts[0] == extents[0] else {
      throw DatasetError(labels, "has \(counts[0]) labels for the \(extents[0]) images of \(images)")
    }
    if let wrong = classes.first(where: { Int($0) >= classNames.count }) {
      throw DatasetError(labels, "the label \(wrong) is none of the \(classNames.count) classes")
    }
    return Dataset(
      name: name, features: .images([UInt8](pixels), height: extents[1], width: extents[2], channels: 1),
      targets: .classes(classes.map { Int32($0) }), classNames: classNames)
  }
}

/// Reads the binary form of CIFAR-10: records of a label and three planes of 32 x 32 bytes.
public enum CIFAR10 {
  /// In the order of the labels.
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  private static let plane = 32 * 32

  /// Images [32, 32, 3] of several files, one after the other.
  ///
  /// - Throws: `DatasetError` where a file holds no whole records or a label that does not exist.
  public static func dataset(name: String = "cifar10", files: [String]) throws -> Dataset {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for path in files {
      let data = try Gzip.contents(path)
      let record = 1 + 3 * plane
      guard data.count > 0, data.count % record == 0 else {
        throw DatasetError(path, "\(data.count) bytes are no whole number of records of \(record)")
      }
      try data.withUnsafeBytes { raw in
        let bytes = raw.bindMemory(to: UInt8.self)
        for start in stride(from: 0, to: data.count, by: record) {
          guard bytes[start] < 10 else { throw DatasetError(path, "the label \(bytes[start]) is none of 10 classes") }
          labels.append(Int32(bytes[start]))
          for pixel in 0..<plane {
            for channel in 0..<3 { pixels.append(bytes[start + 1 + channel * plane + pixel]) }
          }
        }
      }
    }
    return Dataset(
      name: name, features: .images(pixels, height: 32, width: 32, channels: 3), targets: .classes(labels),
      classNames: classNames)
  }
}

/// A folder of a user's own images, in one of the layouts that the readers know.
public enum ImageFolder {
  /// Training and test images: PNG and JPEG files in folders by class, the four IDX files of MNIST's layout
  /// (gzip-compressed or not), or CIFAR-10's binary files.
  ///
  /// - Parameters:
  ///   - options: of PNG and JPEG files.
  ///   - key: draws what validates, where the folder has no part for it.
  /// - Throws: `DatasetError` naming the files that would do, or the file that is wrong.
  public static func load(
    _ folder: String, _ options: ImageOptions? = nil, key: RandomKey = RandomKey(seed: 0)
  ) throws -> (train: Dataset, test: Dataset) {
    let (found, batches, testBatch) = binaryFiles(folder)
    if found.count < idx.count, testBatch == nil, let classes = try ImageClasses(folder) {
      return try classes.load(options ?? ImageOptions(), key: key)
    }
    guard options == nil else {
      throw DatasetError(folder, "holds no folders of PNG or JPEG files; a size and a part are for those")
    }
    if found.count == idx.count {
      let train = try differing(try IDX.dataset(name: folder, images: found[0], labels: found[1]), found[1])
      let test = try IDX.dataset(name: folder, images: found[2], labels: found[3], classNames: train.classNames)
      guard test.exampleShape == train.exampleShape else {
        throw DatasetError(
          found[2], "has images of the shape \(test.exampleShape), and those that train have \(train.exampleShape)")
      }
      return (train, test)
    }
    if let test = testBatch {
      return (
        try differing(try CIFAR10.dataset(name: folder, files: batches), folder),
        try CIFAR10.dataset(name: folder, files: [test])
      )
    }
    throw DatasetError(
      folder,
      "holds neither folders of PNG or JPEG files, one a class, nor \(idx.joined(separator: ", ")) (.gz), nor "
        + "data_batch_1.bin ... and test_batch.bin"
    )
  }

  /// What of a folder of PNG and JPEG files is no example, a sentence each; nothing of other layouts.
  ///
  /// - Throws: as `ImageClasses`.
  public static func leftOut(_ folder: String) throws -> [String] {
    let (found, _, testBatch) = binaryFiles(folder)
    guard found.count < idx.count, testBatch == nil else { return [] }
    return try ImageClasses(folder)?.leftOut ?? []
  }

  /// Whether the folder has a part for tests: MNIST's layout and CIFAR-10's have, and `FOLDER/train` beside `FOLDER/test`.
  ///
  /// - Throws: as `ImageClasses`.
  public static func hasTestPart(_ folder: String) throws -> Bool {
    let (found, _, testBatch) = binaryFiles(folder)
    return try found.count == idx.count || testBatch != nil || ImageClasses(folder)?.hasTestPart == true
  }

  private static let idx = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
  ]

  /// Which of MNIST's files and of CIFAR-10's are there.
  private static func binaryFiles(_ folder: String) -> (idx: [String], batches: [String], testBatch: String?) {
    func find(_ name: String) -> String? {
      [name, name + ".gz"].map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }
    let batches = (1...5).compactMap { find("data_batch_\($0).bin") }
    return (idx.compactMap(find), batches, batches.isEmpty ? nil : find("test_batch.bin"))
  }

  /// A training part, where it holds more than one class.
  private static func differing(_ train: Dataset, _ source: String) throws -> Dataset {
    guard let labels = train.labels, let first = labels.first, labels.allSatisfy({ $0 == first }) else { return train }
    throw DatasetError(source, "all labels are \(train.classNames[Int(first)]): nothing can be learned from one class")
  }
}
