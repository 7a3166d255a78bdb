import Arrays
import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ImageFileTests {
  private func image(_ text: String) throws -> RasterImage {
    try RasterImage(contentsOf: try Workspace().write("image", ImageSamples.bytes(text)))
  }

  @Test func pixelsAreThoseOfTheFile() throws {
    let colors: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 255, 255, 255]
    #expect(try image(ImageSamples.colors) == RasterImage(height: 3, width: 2, channels: 3, pixels: colors))
    #expect(try image(ImageSamples.palette) == RasterImage(height: 3, width: 2, channels: 3, pixels: colors))
    #expect(
      try image(ImageSamples.grey) == RasterImage(height: 2, width: 2, channels: 1, pixels: [0, 128, 255, 7]))
    // 16 bits: 0x8000 / 257 = 127.5.
    let deep = try image(ImageSamples.deep)
    #expect(deep.channels == 1 && [127, 128].contains(deep.pixels[1]) && deep.pixels[2] == 255 && deep.pixels[3] == 1)
  }

  /// What is transparent stands on white: opaque pixels keep their colour, invisible ones are white, half of blue lies
  /// between (in linear light or not: no less than a plain mean of bytes).
  @Test func transparentStandsOnWhite() throws {
    let pixels = try image(ImageSamples.transparent).pixels
    #expect(Array(pixels[0..<3]) == [255, 0, 0] && Array(pixels[3..<6]) == [255, 255, 255])
    #expect((126...190).contains(pixels[6]) && pixels[6] == pixels[7] && pixels[8] == 255)
  }

  /// One colour survives JPEG but for the rounding of its transform and of YCbCr: at most 2 of 255.
  @Test func photographs() throws {
    let found = try image(ImageSamples.photograph)
    #expect(found.height == 16 && found.width == 16 && found.channels == 3)
    for (index, value) in found.pixels.enumerated() { #expect(abs(Int(value) - [200, 100, 50][index % 3]) <= 2) }
    let grey = try image(ImageSamples.greyPhotograph)
    #expect(grey.channels == 1 && grey.pixels.allSatisfy { abs(Int($0) - 77) <= 1 })
  }

  /// Pillow's `resize(BILINEAR)`, which rounds between the two axes where this does not: at most one apart.
  @Test func sizesChangeAsInPillow() {
    let image = RasterImage(
      height: 5, width: 7, channels: 1, pixels: (0..<35).map { UInt8($0 * 37 % 251) })
    func expect(_ height: Int, _ width: Int, _ pixels: [Int]) {
      let found = image.resized(height: height, width: width)
      #expect(found.height == height && found.width == width)
      for (a, b) in zip(found.pixels, pixels) { #expect(abs(Int(a) - b) <= 1) }
    }
    expect(2, 3, [40, 119, 198, 56, 135, 186])
    expect(2, 7, [8, 45, 82, 119, 156, 193, 230, 24, 61, 98, 135, 172, 209, 166])
    let large = image.resized(height: 11, width: 9).pixels
    let lines = [
      [0, 25, 53, 82, 111, 140, 169, 197, 222], [5, 30, 58, 87, 116, 145, 174, 202, 227],
      [31, 56, 84, 113, 142, 171, 200, 160, 47],
    ]
    for (row, line) in zip([0, 2, 9], lines) {
      for (a, b) in zip(large[row * 9..<row * 9 + 9], line) { #expect(abs(Int(a) - b) <= 1) }
    }
    let red = RasterImage(height: 1, width: 1, channels: 3, pixels: [255, 0, 0])
    #expect(red.withChannels(1).pixels == [76] && red.withChannels(1).withChannels(3).pixels == [76, 76, 76])
  }

  /// Cut off at any place, or with any byte changed, a file is an error or an image of its extents: never a trap.
  @Test(arguments: [
    ImageSamples.colors, ImageSamples.deep, ImageSamples.palette, ImageSamples.photograph, ImageSamples.fourColors,
  ]) func damagedFilesAreNamed(_ text: String) throws {
    let bytes = ImageSamples.bytes(text)
    let space = try Workspace()
    var errors = 0
    func attempt(_ bytes: [UInt8]) throws {
      do {
        let image = try RasterImage(contentsOf: try space.write("x", bytes))
        #expect(image.pixels.count == image.height * image.width * image.channels)
      } catch let error as DatasetError {
        #expect("\(error)".contains("/x"))
        errors += 1
      }
    }
    for length in stride(from: 0, to: bytes.count, by: 7) { try attempt(Array(bytes[..<length])) }
    #expect(errors > 0)
    for index in stride(from: 0, to: bytes.count, by: 3) {
      var changed = bytes
      changed[index] ^= 0xff
      try attempt(changed)
    }
    if text == ImageSamples.fourColors {
      #expect { try image(text) } throws: { "\($0)".contains("CMYK") }
    }
    // Extents beyond reason: an image of 2^31 - 1 pixels squared.
    if text == ImageSamples.colors {
      var huge = bytes
      huge.replaceSubrange(16..<24, with: [0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff])
      #expect(throws: DatasetError.self) { try RasterImage(contentsOf: try space.write("huge", huge)) }
    }
  }
}

@Suite struct ImageClassesTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  private func put(_ path: String, _ text: String) throws {
    let folder = (space.path + "/" + path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try space.write(path, ImageSamples.bytes(text))
  }

  @Test func foldersAreClasses() throws {
    for index in 0..<5 {
      try put("cat/\(index).png", ImageSamples.colors)
      try put("dog/\(index).PNG", ImageSamples.grey)
    }
    try put("cat/.hidden.png", ImageSamples.colors)
    #expect(try ImageFolder.leftOut(space.path).isEmpty)
    try put("cat/more/9.png", ImageSamples.colors)
    try FileManager.default.createDirectory(atPath: space.path + "/bird", withIntermediateDirectories: true)
    #expect(
      try ImageFolder.leftOut(space.path) == [
        "bird: a folder without images, which is no class",
        "cat/more: images in a folder of a class's folder, which are left out",
      ])
    // Two sizes: the second is named.
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("dog/0.PNG") && "\($0)".contains("--size") }
    let options = ImageOptions(size: [4, 6], validation: 0.4)
    let (train, test) = try ImageFolder.load(space.path, options)
    #expect(train.classNames == ["cat", "dog"] && train.exampleShape == [4, 6, 3])
    #expect(train.labels == [0, 0, 0, 1, 1, 1] && test.labels == [0, 0, 1, 1])
    let again = try ImageFolder.load(space.path, options)
    #expect(again.train.featureArray(0..<6) == train.featureArray(0..<6))
    // Grey ones have three equal channels.
    let last = train.featureArray(5..<6).floats
    for start in stride(from: 0, to: last.count, by: 3) {
      let pixel = Array(last[start..<start + 3])
      #expect(pixel == Array(repeating: pixel[0], count: 3))
    }
  }

  @Test func partsOfTheFolderAreKept() throws {
    for name in ["train/a/1.png", "train/a/2.png", "train/b/1.png", "val/a/3.png", "val/b/4.png"] {
      try put(name, ImageSamples.grey)
    }
    let (train, test) = try ImageFolder.load(space.path)
    #expect(train.labels == [0, 0, 1] && test.labels == [0, 1] && train.exampleShape == [2, 2, 1])
    try put("val/c/4.png", ImageSamples.grey)
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("the class c") }
  }

  /// Files of MNIST's layout stay what they are, whatever pictures lie beside them.
  @Test func knownLayoutsComeFirst() throws {
    let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9]
    for part in ["train", "t10k"] {
      _ = try space.write("\(part)-images-idx3-ubyte", images)
      _ = try space.write("\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 2, 0, 1])
    }
    try put("plots/loss.png", ImageSamples.grey)
    #expect(try ImageFolder.load(space.path).train.exampleShape == [1, 1, 1])
    #expect { try ImageFolder.load(space.path, ImageOptions(size: [2, 2])) } throws: { "\($0)".contains("a size") }
  }

  @Test func whatCannotBeIsSaid() throws {
    try put("a/1.png", ImageSamples.grey)
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("images of one class, a") }
    try put("b/1.png", ImageSamples.grey)
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("holds one image") }
    try put("a/2.png", ImageSamples.grey)
    try put("b/2.png", ImageSamples.grey)
    _ = try space.write("b/3.png", text: "no image")
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("b/3.png") }
    for text in ["", "0", "32x", "a", "-3", "3x4x5", "99999"] {
      #expect(throws: DatasetError.self) { try ImageOptions.size(text) }
    }
    #expect(try ImageOptions.size("32") == [32, 32] && ImageOptions.size("48x32") == [48, 32])
  }
}
