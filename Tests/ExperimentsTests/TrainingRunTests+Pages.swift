import Experiments
import Foundation
import Testing

extension TrainingRunTests {
  /// Pages that show a model's weights go when others are saved, with a word; what is not drawn of the weights stays.
  @Test func pagesOfOtherWeightsGo() throws {
    let path = try run("drawn", "rate 0.1", watch: nil, epochs: 2).folder.path
    let drawn = [
      "landscape.html", "landscape.csv", "report-data/landscape-rise.csv", "explanation.html", "importance.csv",
      "report-data/importance.csv", "report-data/dependence-0.csv",
    ]
    let own = ["predictions.csv", "landscape.txt", "report-data/loss.csv"]
    for name in drawn + own { try "a,b\n".write(toFile: path + "/" + name, atomically: true, encoding: .utf8) }
    func there(_ names: [String]) -> [String] {
      names.filter { FileManager.default.fileExists(atPath: path + "/" + $0) }
    }
    var said: [String] = []
    // The same weights are saved again.
    _ = try run("drawn", "rate 0.1", watch: nil, epochs: 2, resuming: true) { said.append($0) }
    #expect(there(drawn) == drawn && !said.contains { $0.contains("removed") })
    _ = try run("drawn", "rate 0.1", watch: nil, epochs: 4, resuming: true) { said.append($0) }
    #expect(there(drawn).isEmpty && there(own) == own)
    let words = said.filter { $0.contains("showed the weights before and is removed") }
    #expect(words.count == 2 && words[0].hasPrefix(path + "/landscape.html"), "\(said)")
    #expect(words[0].contains("descent landscape \(path) draws") && words[1].contains("descent explain \(path) draws"))
    // Numbers whose page could not be drawn go, too.
    try "a,b\n".write(toFile: path + "/importance.csv", atomically: true, encoding: .utf8)
    _ = try run("drawn", "rate 0.1", watch: nil, epochs: 5, resuming: true)
    #expect(there(drawn).isEmpty)
  }
}
