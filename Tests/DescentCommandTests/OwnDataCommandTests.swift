import Descent
import Foundation
import TestSupport
import Testing

/// What a user does with data of other kinds than text, and with what was trained.
@Suite(.serialized) struct OwnDataCommandTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/own" }
  /// 2 x 3 pixels in colours, 2 x 2 in grey.
  private let colors =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAHklEQVR4nGP4z8DA8J+BgYHhP5eIHMOJFKP///8DAD5UB5Wc/91CAAAAAElFTkSuQmCC"
  private let grey =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgaGD4zw4ABAsBh4yjp/0AAAAASUVORK5CYII="

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func write(_ name: String, _ data: Data) throws {
    let path = URL(fileURLWithPath: folder + "/" + name)
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: path)
  }

  @Test func imageFilesTrainAndArePredicted() throws {
    for index in 0..<6 {
      try write("images/bright/\(index).png", Data(base64Encoded: colors)!)
      try write("images/dark/\(index).png", Data(base64Encoded: grey)!)
    }
    let (images, out) = (folder + "/images", folder + "/run")
    let sizes = try Command.run("train", images, "--out", out, "--quiet")
    #expect(sizes.status != 0 && sizes.text.contains("--size") && !FileManager.default.fileExists(atPath: out))
    let trained = try Command.run(
      "train", images, "--size", "4x5", "--model", "mlp", "--hidden", "8", "--epochs", "40", "--batch", "4", "--out",
      out, "--quiet")
    #expect(trained.status == 0 && trained.text.contains("examples of 4 x 5 x 3, 2 classes; 10 train, 2 validate"))
    try augmentedRunsGoOn(images)
    #expect(try Command.run("evaluate", out, images).text.contains("12 images: accuracy 100 %"))
    #expect(try Command.run("evaluate", out).status == 0)
    let one = try Command.run("predict", out, images + "/dark/3.png")
    #expect(one.text.hasPrefix("file,prediction,probability:bright,probability:dark\n\(images)/dark/3.png,dark,"))
    #expect(try Command.run("predict", out, images + "/dark").text.split(separator: "\n").count == 7)
    let image = try Command.run("predict", out, images, "--out", images + "/dark/3.png")
    #expect(image.status != 0 && image.text.contains("would replace it"), "\(image.text)")
    try write("images/dark/9.png", Data("no image".utf8))
    let broken = try Command.run("predict", out, images)
    #expect(broken.status != 0 && broken.text.contains("9.png"))
    let resumed = try Command.run("train", "--resume", out, "--size", "8", "--quiet")
    #expect(resumed.status != 0)
    #expect(try Command.run("explain", out).text.contains("model of images"))
  }

  /// What a folder holds for tests chooses no epoch; what it holds to validate does.
  @Test func partsForTestsChooseNothing() throws {
    func fill(_ name: String, _ count: Int) throws {
      for index in 0..<count {
        try write("\(name)/bright/\(index).png", Data(base64Encoded: colors)!)
        try write("\(name)/dark/\(index).png", Data(base64Encoded: grey)!)
      }
    }
    func train(_ images: String, _ fraction: String = "--quiet") throws -> (status: Int32, text: String) {
      try Command.run(
        "train", folder + "/" + images, "--size", "4", "--model", "mlp", "--hidden", "8", "--epochs", "3", "--out",
        folder + "/run-" + images, "--replace", fraction)
    }
    for (name, count) in [("a/train", 10), ("a/test", 3), ("b/train", 10), ("b/val", 3)] { try fill(name, count) }
    let tested = try train("a")
    #expect(tested.status == 0 && tested.text.contains("16 train, 4 validate, 6 test"), "\(tested.text)")
    #expect(tested.text.contains("\ntest: "), "\(tested.text)")
    let out = folder + "/run-a"
    #expect(try Command.run("evaluate", out).text.contains("validation part, 4 rows"))
    let half = try Command.run("train", "--resume", out, "--epochs", "4", "--validation", "0.5", "--quiet")
    #expect(half.status != 0 && half.text.contains("leave --validation out"), "\(half.text)")
    // A table's share, too: it is the option that is another, not the data.
    try write("table.csv", Data(("x,y\n" + (0..<60).map { "\($0),\(2 * $0)\n" }.joined()).utf8))
    let table = folder + "/run-table"
    #expect(try Command.run("train", folder + "/table.csv", "--epochs", "1", "--out", table, "--quiet").status == 0)
    let other = try Command.run("train", "--resume", table, "--epochs", "2", "--validation", "0.5", "--quiet")
    #expect(other.status != 0 && other.text.contains("leave options of the table out"), "\(other.text)")
    #expect(try Command.run("train", "--resume", out, "--epochs", "4", "--quiet").status == 0)
    #expect(try train("a", "--validation=0.5").text.contains("10 train, 10 validate, 6 test"))
    let validated = try train("b")
    #expect(
      validated.text.contains("20 train, 6 validate") && !validated.text.contains("\ntest: "), "\(validated.text)")
  }

  /// Predictions never take the place of what they come from.
  @Test func predictionsReplaceNothingOfWorth() throws {
    let table = "x,y\n" + (0..<60).map { "\($0),\(2 * $0)\n" }.joined()
    for name in ["learn.csv", "new.csv"] { try write(name, Data(table.utf8)) }
    let (learn, new, out) = (folder + "/learn.csv", folder + "/new.csv", folder + "/run")
    #expect(try Command.run("train", learn, "--epochs", "2", "--out", out, "--quiet").status == 0)
    try FileManager.default.createSymbolicLink(atPath: folder + "/link.csv", withDestinationPath: learn)
    for target in [new, learn, folder + "/link.csv", out + "/model.json", out + "/validation.csv"] {
      let refused = try Command.run("predict", out, new, "--out", target)
      #expect(refused.status != 0 && refused.text.contains("would replace it"), "\(target): \(refused.text)")
    }
    for name in ["learn.csv", "new.csv"] {
      #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) == Data(table.utf8))
    }
    for _ in 0..<2 { #expect(try Command.run("predict", out, new, "--out", out + "/new.csv").status == 0) }
  }

  /// A run that goes on augments as it did, to the bit, and in no other way.
  private func augmentedRunsGoOn(_ images: String) throws {
    func train(_ epochs: Int, _ augment: String, _ name: String) throws -> (status: Int32, text: String) {
      try Command.run(
        "train", images, "--size", "4x5", "--hidden", "8", "--model", "mlp", "--chain", "rate 0.1", "--keep", "last",
        "--patience", "0", "--epochs", "\(epochs)", "--augment", augment, "--quiet", "--out", folder + "/" + name)
    }
    func weights(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: folder + "/\(name)/model.safetensors"))
    }
    let whole = try train(4, "flip,crop 1", "whole")
    #expect(whole.status == 0 && whole.text.contains("images by crop 1, flip;"), "\(whole.text)")
    #expect(try train(2, "crop 1, flip", "parted").status == 0 && train(4, "none", "plain").status == 0)
    let parted = folder + "/parted"
    let other = try Command.run("train", "--resume", parted, "--augment", "flip", "--quiet")
    #expect(other.status != 0 && other.text.contains("leave --augment out"))
    #expect(try weights("parted") != weights("whole"))
    #expect(try Command.run("train", "--resume", parted, "--epochs", "4", "--quiet").status == 0)
    #expect(try weights("parted") == weights("whole") && weights("plain") != weights("whole"))
    let wide = try train(4, "crop 9", "none")
    #expect(wide.status != 0 && wide.text.contains("frame of 9"))
    #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
  }

  @Test func explainNamesTheColumnsThatMatter() throws {
    let lines = (0..<240).map { row in
      "\(sin(Double(row) * 1.7)),\(cos(Double(row) * 2.3)),\(sin(Double(row) * 1.7) > 0 ? "up" : "down")"
    }
    try write("table.csv", Data((["x,noise,kind"] + lines).joined(separator: "\n").utf8))
    let out = folder + "/run"
    let trained = try Command.run(
      "train", folder + "/table.csv", "--out", out, "--quiet", "--epochs", "30", "--class-weights", "balanced")
    #expect(trained.status == 0, "\(trained.text)")
    let explained = try Command.run("explain", out, folder + "/table.csv", "--repeats", "4")
    #expect(explained.status == 0, "\(explained.text)")
    let rows = explained.text.split(separator: "\n")
    #expect(rows[0].contains("log-loss") && rows[1].hasPrefix("  x ") && rows[2].hasPrefix("  noise "))
    let drawn = try Command.run("landscape", out, "--points", "5", "--span", "0.5")
    #expect(drawn.status == 0 && drawn.text.contains("192 training examples"), "\(drawn.text)")
    let losses = try String(contentsOfFile: out + "/landscape.csv", encoding: .utf8).split(separator: "\n")
    #expect(losses[0] == "first,second,train,validation" && losses.count == 26)
    // The middle is where the weights are: the loss with the classes' weights, as it is descended.
    let middle = losses[13].split(separator: ",").compactMap { Double($0) }
    let opened = try RunFolder.open(out)
    let kept = try #require(try opened.events().last { $0.kind == "final" }?.values["final/validation/weightedLoss"])
    #expect(middle[0] == 0 && middle[1] == 0 && abs(middle[3] - kept) < 1e-5 * (1 + kept))
    #expect(try String(contentsOfFile: out + "/landscape.html", encoding: .utf8).contains("Lines of equal loss"))
    // A log that was edited is no reason to trap.
    let log = try String(contentsOfFile: opened.logPath, encoding: .utf8)
    let edited = log.replacing(/"final\/epoch":[0-9.]+/, with: "\"final/epoch\":\"NaN\"")
    #expect(edited != log)
    try edited.write(toFile: opened.logPath, atomically: true, encoding: .utf8)
    #expect(try Command.run("landscape", out, "--points", "3").status == 0)
    try log.write(toFile: opened.logPath, atomically: true, encoding: .utf8)
    let values = try String(contentsOfFile: out + "/importance.csv", encoding: .utf8).split(separator: "\n")
    #expect(values[0] == "column,exchange 1,exchange 2,exchange 3,exchange 4" && values.count == 3)
    for (arguments, hint) in [
      (["train", folder + "/table.csv", "--class-weights", "upp=2"], "did you mean up"),
      (["train", folder + "/table.csv", "--class-weights", "up"], "CLASS=WEIGHT"),
      (["train", folder + "/table.csv", "--size", "8"], "is for image files"),
      (["train", folder + "/table.csv", "--augment", "flip"], "--augment is for images"),
      (["explain", out, "--repeats", "1"], "2 or more"), (["explain", folder], "holds no trained model"),
      (["landscape", out, "--points", "8"], "must be odd"), (["landscape", out, "--span", "0"], "above 0"),
      (["landscape", folder], "holds no trained model"), (["landscape", out, "--examples", "0"], "1 or more"),
    ] {
      let (process, output) = try Command.start(
        arguments + (arguments[0] == "train" ? ["--out", folder + "/none"] : []))
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus != 0 && text.contains(hint), "\(arguments): \(text)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
  }

  @Test func armsAreComparedAndMistakesLeaveNothing() throws {
    let lines = (0..<120).map { "\(sin(Double($0) * 1.7)),\(cos(Double($0) * 2.3)),\(3 * sin(Double($0) * 1.7))" }
    try write("line.csv", Data((["x,noise,y"] + lines).joined(separator: "\n").utf8))
    let (data, out) = (folder + "/line.csv", folder + "/compared")
    let arms = ["--arm", "slow: rate 0.00001", "--arm", "tuned: momentum 0.9 | rate {0.001...1}"]
    func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
      let (process, output) = try Command.start(["compare"] + arguments)
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, text)
    }
    let shared = ["--trials", "6", "--seeds", "4", "--tuning-seeds", "1", "--budget", "60updates", "--quiet"]
    let found = try run([data, "--out", out] + arms + shared)
    #expect(found.status == 0 && found.text.contains("tuned is better"), "\(found.text)")
    #expect(FileManager.default.fileExists(atPath: out + "/report.html"))
    #expect(try run(["--resume", out, "--quiet"]).text.contains("tuned is better"))
    for (arguments, hint) in [
      ([data, "--arm", "a: rate 0.1"], "arm"), ([data] + arms + ["--size", "8"], "is for image files"),
      ([data, "--arm", "a: rat {0.1...1}", "--arm", "b: rate 0.1"], "rate"),
      ([data, "--arm", "a: rate {1...0.1}", "--arm", "b: rate 0.1"], "the first end must be less"),
      ([data] + arms + ["--measure", "validation/lost"], "loss"), ([data] + arms + ["--budget", "9"], "9"),
      ([data + "x"] + arms, "there is no file"), ([data] + arms + ["--target", "z"], "has no column z"),
    ] {
      let failed = try run(arguments + ["--out", folder + "/none", "--quiet"])
      #expect(failed.status != 0 && failed.text.contains(hint), "\(arguments): \(failed.text)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
  }
}
