import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ARFFTests {
  private let head = "% a comment\n@relation flows\n@ATTRIBUTE a numeric\n@attribute 'b c' real\n\n@data\n"

  private func read(_ text: String) throws -> Table {
    try Table.read(try Workspace().write("t.arff", text: text))
  }

  private func cells(_ table: Table) -> [[String?]] {
    (0..<table.rowCount).map { row in table.columns.map { $0.text(row) } }
  }

  @Test func tablesAreRead() throws {
    let table = try read(head + "1,2.5\n?, -3e2\n")
    #expect(table.columns.map(\.name) == ["a", "b c"])
    #expect(cells(table) == [["1", "2.5"], [nil, "-300"]])
  }

  /// Nominal values, texts, dates, quotes of both kinds, backslashes, comments, tabs, keywords in any case.
  @Test func allKindsAreRead() throws {
    let table = try read(
      "@RELATION 'a b'\n@Attribute size {small, 'very large', \"x,y\"}\n@attribute note STRING\n"
        + "@attribute day date 'yyyy-MM-dd'\n@attribute n INTEGER\n@DATA\n% nothing\n"
        + "'very large','it\\'s, so',2024-01-02,3\nsmall\t?\t?\t-1\n\"x,y\", \"\", '2024-01-03', ?\n")
    #expect(
      cells(table) == [
        ["very large", "it's, so", "2024-01-02", "3"], ["small", nil, nil, "-1"], ["x,y", "", "2024-01-03", nil],
      ])
  }

  /// What a sparse row leaves out is 0, or the first nominal value.
  @Test func sparseRowsAreRead() throws {
    let table = try read("@relation r\n@attribute a numeric\n@attribute k {u,v}\n@data\n{}\n{1 v, 0 2.5}\n{0 ?}\n")
    #expect(cells(table) == [["0", "u"], ["2.5", "v"], [nil, "u"]])
  }

  @Test(arguments: ["1\n", "1,x\n", "{7 1}\n", "{0 1\n", "1,inf\n", "1,'2\n"])
  func whatIsNoRowIsNamed(_ row: String) {
    #expect { try read(head + row) } throws: { "\($0)".contains("line 7") }
  }

  @Test func valuesThatWereNotDeclaredAreNamed() {
    #expect { try read("@relation r\n@attribute k {Yes,No}\n@data\nyes\n") } throws: {
      "\($0)".contains("line 4") && "\($0)".contains("did you mean Yes?")
    }
  }

  @Test func riverFlowSplitsInTime() throws {
    let path = NSTemporaryDirectory() + "descent-flow-\(UUID().uuidString).arff"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func write(_ columns: Int, _ rows: [String]) throws {
      let head = "@relation r\n" + (0..<columns).map { "@attribute a\($0) numeric\n" }.joined() + "@data\n"
      try Data((head + rows.joined(separator: "\n")).utf8).write(to: URL(fileURLWithPath: path))
    }
    let rows = (0..<11).map { row in
      (0..<10).map { row == 3 && $0 == 0 ? "?" : "\(100 * row + $0)" }.joined(separator: ",")
    }
    try write(10, rows)
    let (train, test) = try RiverFlow.load(path)
    #expect(train.count == 8 && test.count == 2 && train.exampleShape == [2])
    #expect(train.name.contains("1 incomplete"))
    #expect(test.featureArray(0..<2).floats == [900, 901, 1000, 1001])
    try write(8, ["1,2,3,4,5,6,7,8"])
    #expect(throws: DatasetError.self) { try RiverFlow.load(path) }
    #expect(throws: (any Error).self) { try RiverFlow.load(path + ".none") }
  }

  /// The left digit lies at the top left, the right one below and to its right, and each pixel is the larger.
  @Test func digitsAreOverlaid() throws {
    var bytes = [UInt8](repeating: 0, count: 3 * 784)
    for image in 0..<3 { for pixel in 0..<784 { bytes[image * 784 + pixel] = UInt8(50 * (image + 1)) } }
    let digits = Dataset(
      name: "digits", features: .images(bytes, height: 28, width: 28, channels: 1), targets: .classes([4, 5, 6]),
      classNames: (0..<10).map { "\($0)" })
    let made = try MultiMNIST.overlaid(digits, count: 3, key: RandomKey(seed: 1))
    #expect(made.images.shape == [3, 28, 28, 1] && Set(made.left) == [4, 5, 6])
    for picture in 0..<3 {
      let pixels = made.images.floats[picture * 784..<(picture + 1) * 784].map { $0 * 255 }
      let (left, right) = (50 * Float(made.left[picture] - 3), 50 * Float(made.right[picture] - 3))
      // Divided by 255 and multiplied again.
      let tolerance = Float(rounding(.float32, terms: 2, scale: 255))
      #expect(abs(pixels[0] - left) < tolerance && abs(pixels[26 * 28 + 26] - right) < tolerance)
      // Beyond 34 the canvas is empty.
      #expect(pixels[783] == 0)
      #expect(abs(pixels[14 * 28 + 14] - max(left, right)) < tolerance)
    }
    #expect(throws: DatasetError.self) { try MultiMNIST.overlaid(digits, count: 4, key: RandomKey(seed: 1)) }
  }
}
