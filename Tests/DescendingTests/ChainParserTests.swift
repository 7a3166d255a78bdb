import Descending
import Foundation
import TestSupport
import Testing

@Suite struct ChainParserTests {
  @Test(arguments: [
    ("momentom 0.9 | rate 0.1", "did you mean momentum"), ("rate", "needs value"), ("momentum 0.9", "never steps"),
    ("momentum decay=0.9 decay=0.8 | rate 1", "given twice"), ("rate cosin(0.1, 3epochs)", "did you mean cosine"),
    ("rate cosine(0.1, 3)", "no duration"), ("adam beta3=1 | rate 1", "did you mean beta"),
    ("rate fast", "no schedule"),
    ("momentum 0.9 nesterov=maybe | rate 1", "true or false"), ("rate 0.1 0.2", "no place"), (" | rate 1", "empty"),
    ("accumulate 2 (momentum 0.9", "do not match"), ("accumulate 2 momentum | rate 1", "no place"),
    ("accumulate 0 (rate 1)", "above 0"), ("accumulate 2 (momentum)", "never steps"),
    ("groups (a momentum) | rate 1", "a colon"), ("groups (a: momentom) | rate 1", "did you mean momentum"),
    ("decay -1 | rate 1", "0 or more"), ("momentum 1 | rate 1", "in 0..<1"), ("clip 0 | rate 1", "positive"),
    ("losspower 2 through=rat | rate 1", "did you mean rate"),
    ("losspower sigmod(1, 2) | rate 1", "did you mean sigmoid"),
    ("losspower 2 low=2 high=1 | rate 1", "at least low"), ("rate exponential(0.1, 0, 1epochs)", "positive"),
    ("rate warmup(5updates, cosine(0.1, 3))", "no duration"),
  ])
  func mistakesAreNamed(_ text: String, _ hint: String) {
    do {
      _ = try ChainParser.parse(text)
      Issue.record("\(text) was accepted")
    } catch { #expect("\(error)".contains(hint), "\(error)") }
  }

  @Test(arguments: ConformanceTests.chains)
  func descriptionsCanBeReadAgain(_ text: String) throws {
    let chain = try Chain(text)
    #expect(try Chain(chain.description).description == chain.description)
    let configuration = try ChainConfiguration(text)
    let data = try JSONEncoder().encode([configuration])
    let decoded = try JSONDecoder().decode([ChainConfiguration].self, from: data)
    #expect(decoded == [configuration])
    #expect(try decoded[0].makeChain().description == chain.description)
    #expect(try chain.configuration().makeChain().description == chain.description)
  }

  /// Every option of every kind arrives: another value gives another description.
  @Test func everyOptionCounts() throws {
    let others = [
      "renormalize": "false", "guard": "false", "only": "a*", "coefficient": "2", "except": "b", "norm": "3",
      "limit": "2", "deviation": "3", "decay": "0.5", "nesterov": "true", "beta1": "0.5", "beta2": "0.6",
      "epsilon": "0.1", "factor": "4", "exponent": "2", "through": "rate", "frozen": "false", "low": "0.5",
      "high": "2", "value": "3", "chain": "(sign)", "count": "3", "rules": "(*: scale 2)",
    ]
    let needed = [
      "coefficient": "1", "norm": "1", "limit": "1", "deviation": "1", "factor": "1", "exponent": "1", "value": "1",
      "chain": "()", "count": "1", "rules": "(*: scale 1)",
    ]
    for kind in TransformationKind.all {
      func description(changing changed: String?) throws -> String {
        let words = kind.options.compactMap { option -> String? in
          let value = option.name == changed ? others[option.name]! : option.standard ?? needed[option.name]!
          return value.hasPrefix("(") ? value : "\(option.name)=\(value)"
        }
        return try ChainConfiguration(([kind.name] + words).joined(separator: " ")).makeChain().description
      }
      let standard = try description(changing: nil)
      for option in kind.options {
        #expect(try description(changing: option.name) != standard, "\(kind.name) ignores \(option.name)")
      }
    }
  }
}
