import Datasets
import Foundation
import TestSupport
import Testing

/// A folder of its own for each test.
struct Workspace {
  let path: String

  init() throws {
    path = TemporaryFolder.ofProcess.path + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  func write(_ name: String, text: String) throws -> String { try write(name, Array(text.utf8)) }
}

@Suite struct IDXTests {
  private let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + (0..<12).map { UInt8($0 * 20) }
  private let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 1, 0]

  private func read(_ images: [UInt8], _ labels: [UInt8]) throws -> Dataset {
    let space = try Workspace()
    return try IDX.dataset(
      name: "x", images: try space.write("i", images), labels: try space.write("l", labels), classNames: ["a", "b"])
  }

  @Test func readsImagesAndLabels() throws {
    let data = try read(images, labels)
    #expect(data.count == 2 && data.exampleShape == [2, 3, 1] && data.labels == [1, 0])
    #expect(abs(data.featureArray(1..<2)[flat: 0] - 120.0 / 255) < rounding(.float32, terms: 1))
  }

  @Test func foldersOfImages() throws {
    let space = try Workspace()
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("holds neither") }
    for part in ["train", "t10k"] {
      _ = try space.write("\(part)-images-idx3-ubyte", images)
      _ = try space.write("\(part)-labels-idx1-ubyte", labels)
    }
    let (train, test) = try ImageFolder.load(space.path)
    #expect(train.classNames == ["0", "1"] && train.count == 2 && test.labels == [1, 0])
    // Images that are tested on have the size of those that train.
    _ = try space.write(
      "t10k-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2] + images.dropFirst(16))
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("has images of the shape [3, 2, 1]") }
  }

  @Test func everyDefectIsNamed() throws {
    func fails(_ hint: String, _ images: [UInt8], _ labels: [UInt8]) {
      #expect { try read(images, labels) } throws: { "\($0)".contains(hint) }
    }
    fails("needs 12 bytes and has 11", Array(images.dropLast()), labels)
    fails("is no IDX file", [1] + images.dropFirst(), labels)
    fails("not bytes", [0, 0, 9] + images.dropFirst(3), labels)
    fails("axes", [0, 0, 8, 2] + images.dropFirst(4), labels)
    fails("ends inside of its header", Array(images.prefix(9)), labels)
    fails("2 images", images, [0, 0, 8, 1, 0, 0, 0, 1, 1])
    fails("label 2", images, [0, 0, 8, 1, 0, 0, 0, 2, 1, 2])
    fails("absurd", [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), labels)
    fails("absurd", [0, 0, 8, 3] + [UInt8](repeating: 0, count: 4) + [UInt8](repeating: 255, count: 8), labels)
    fails("holds nothing", [0, 0, 8, 3, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 8), labels)
  }

  @Test func corruptGzipIsFound() throws {
    let space = try Workspace()
    let plain = try space.write("labels", labels)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-k", plain]
    try process.run()
    process.waitUntilExit()
    let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: plain + ".gz")))
    let whole = try space.write("i", images)
    let good = try IDX.dataset(name: "x", images: whole, labels: plain + ".gz", classNames: ["a", "b"])
    #expect(good.labels == [1, 0])
    for length in 2..<packed.count {
      let cut = try space.write("cut.gz", Array(packed.prefix(length)))
      #expect(throws: DatasetError.self) {
        try IDX.dataset(name: "x", images: whole, labels: cut, classNames: ["a", "b"])
      }
    }
    var damaged = packed
    damaged[packed.count - 6] ^= 255  // the checksum
    let bad = try space.write("bad.gz", damaged)
    #expect { try IDX.dataset(name: "x", images: whole, labels: bad, classNames: ["a", "b"]) } throws: {
      "\($0)".contains("corrupt")
    }
  }
}

@Suite struct CIFARTests {
  @Test func planesBecomeChannels() throws {
    let space = try Workspace()
    let record: [UInt8] = [3] + (0..<3).flatMap { channel in (0..<1024).map { UInt8(($0 + 50 * channel) % 256) } }
    let data = try CIFAR10.dataset(files: [try space.write("a.bin", record + record)])
    #expect(data.count == 2 && data.labels == [3, 3] && data.exampleShape == [32, 32, 3])
    let pixels = data.featureArray(0..<1).floats.prefix(6).map { Int(($0 * 255).rounded()) }
    #expect(pixels == [0, 50, 100, 1, 51, 101])
    let short = try space.write("b.bin", Array(record.dropLast()))
    #expect { try CIFAR10.dataset(files: [short]) } throws: { "\($0)".contains("3072 bytes") }
    let wrong = try space.write("c.bin", [10] + record.dropFirst())
    #expect { try CIFAR10.dataset(files: [wrong]) } throws: { "\($0)".contains("label 10") }
  }
}

@Suite struct BatchTests {
  private func dataset(_ count: Int) -> Dataset {
    Dataset(
      name: "x", features: .images((0..<count * 16).map { UInt8($0 % 251) }, height: 4, width: 4, channels: 1),
      targets: .classes((0..<count).map { Int32($0 % 3) }), classNames: ["a", "b", "c"])
  }

  @Test func everyEpochSeesEverythingOnceInAnotherOrder() throws {
    let batches = try BatchSequence(dataset(30), batchSize: 10, key: RandomKey(seed: 1))
    #expect(batches.order(epoch: 0).sorted() == Array(0..<30))
    #expect(batches.order(epoch: 0) != batches.order(epoch: 1))
    #expect(batches.order(epoch: 1) == batches.order(epoch: 1))
    #expect(throws: DatasetError.self) { try BatchSequence(dataset(5), batchSize: 10, key: RandomKey(seed: 1)) }
  }

  @Test func examplesAreMetInTheOrderAskedFor() throws {
    func order(_ sampling: SamplingOrder, _ epoch: Int) throws -> [Int] {
      try BatchSequence(dataset(30), batchSize: 10, key: RandomKey(seed: 1), sampling: sampling).order(epoch: epoch)
    }
    let all = Array(0..<30)
    for sampling in [SamplingOrder.shuffled, .fixed] {
      #expect(try order(sampling, 0).sorted() == all)
      #expect(try order(sampling, 5).sorted() == all)
    }
    #expect(try order(.shuffled, 0) != order(.shuffled, 1))
    #expect(try order(.fixed, 0) == order(.fixed, 1))
    // Of 30 draws from 30 some 19 differ.
    let drawn = try order(.replacement, 0)
    #expect(drawn.count == 30 && (10..<27).contains(Set(drawn).count) && Set(drawn).isSubset(of: all))
    #expect(try order(.replacement, 1) != drawn)
  }

  @Test func batchesDependOnTheirNumberOnly() throws {
    let augmentation = Augmentation(cropPadding: 1, flips: true)
    let batches = try BatchSequence(dataset(30), batchSize: 10, key: RandomKey(seed: 1), augmentation: augmentation)
    let order = batches.order(epoch: 0)
    let late = batches.batch(2, order: order).features
    _ = batches.batch(0, order: order)
    #expect(batches.batch(2, order: order).features == late)
    #expect(batches.batch(1, order: order).features != late)
  }

  @Test func augmentationOnlyMovesAndMirrors() throws {
    let data = dataset(10)
    let plain = try BatchSequence(data, batchSize: 10, key: RandomKey(seed: 1))
    let moved = try BatchSequence(
      data, batchSize: 10, key: RandomKey(seed: 1), augmentation: Augmentation(cropPadding: 2, flips: true))
    let order = plain.order(epoch: 0)
    let (a, b) = (plain.batch(0, order: order), moved.batch(0, order: order))
    #expect(a.targets == b.targets && a.features != b.features)
    for row in 0..<10 {
      let (x, y) = (a.features.rows(row..<row + 1).floats, b.features.rows(row..<row + 1).floats)
      #expect(y.allSatisfy { $0 == 0 || x.contains($0) })
    }
  }

  /// A frame as wide as the image is the widest from which a window can miss it.
  @Test func framesThatNoImageFillsAreRefused() throws {
    let data = dataset(10)
    let least = data.exampleShape.dimensions.prefix(2).min()!
    func batches(_ padding: Int) throws -> BatchSequence {
      try BatchSequence(data, batchSize: 10, key: RandomKey(seed: 1), augmentation: Augmentation(cropPadding: padding))
    }
    #expect(try batches(least).batch(0, order: batches(least).order(epoch: 0)).features.shape[0] == 10)
    for padding in [-1, least + 1, .max] { #expect(throws: DatasetError.self) { try batches(padding) } }
  }

  /// One that was measured on other channels would read beyond a row, or leave numbers out.
  @Test(arguments: [0, 2, 4]) func normalizationsOfOtherChannelsAreRefused(_ count: Int) throws {
    let data = dataset(10)
    let channels = data.exampleShape.dimensions.last!
    func batches(_ means: Int, _ deviations: Int) throws -> BatchSequence {
      try BatchSequence(
        data, batchSize: 10, key: RandomKey(seed: 1),
        normalization: Normalization(
          mean: Array(repeating: 0.5, count: means), standardDeviation: Array(repeating: 0.5, count: deviations)))
    }
    #expect(try batches(channels, channels).batchesPerEpoch == 1)
    guard count != channels else { return }
    #expect(throws: DatasetError.self) { try batches(count, count) }
    #expect(throws: DatasetError.self) { try batches(channels, count) }
    #expect(throws: DatasetError.self) { try batches(count, channels) }
  }

  @Test func subsetsAndNoise() throws {
    let data = dataset(60)
    let balanced = try data.balancedSubset(perClass: 7, key: RandomKey(seed: 2))
    #expect((0..<3).allSatisfy { label in balanced.labels!.filter { $0 == Int32(label) }.count == 7 })
    #expect(throws: DatasetError.self) { try data.balancedSubset(perClass: 21, key: RandomKey(seed: 2)) }
    let noisy = data.withLabelNoise(0.5, key: RandomKey(seed: 3))
    let changed = zip(noisy.labels!, data.labels!).filter { $0 != $1 }.count
    #expect(changed > 8 && changed <= 30)
    #expect(throws: DatasetError.self) { try data.split([50, 11], key: RandomKey(seed: 4)) }
  }

  @Test(arguments: Corruption.allCases) func corruptionsGrowWithSeverity(_ kind: Corruption) {
    // As large as the images that the severities are made for: on tiny ones neighbouring fractions merge as many pixels.
    let images = RandomKey(seed: 1).uniform([2, 32, 32, 3])
    var last = 0.0
    for severity in 1...5 {
      let damaged = kind.apply(to: images, severity: severity, key: RandomKey(seed: 2))
      #expect(damaged == kind.apply(to: images, severity: severity, key: RandomKey(seed: 2)))
      #expect(damaged.floats.allSatisfy { $0 >= 0 && $0 <= 1 })
      let distance = zip(damaged.floats, images.floats).reduce(0.0) { $0 + Double(abs($1.0 - $1.1)) }
      #expect(distance > last, "\(kind) \(severity)")
      last = distance
    }
  }

  @Test func missingDataSaysWhatToDo() throws {
    let locator = DataLocator(directory: "/nonexistent")
    #expect { try locator.load("cifar10") } throws: { "\($0)".contains("data_batch_1.bin") }
    #expect { try locator.load("cifar") } throws: { "\($0)".contains("no known data set") }
  }
}
