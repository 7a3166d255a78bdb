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
    ("rate steps(0.1, 0.5, 1e-300epochs)", "shorter than one update"),
    ("rate cosine(0.1, 0.5updates)", "shorter than one update"),
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

  /// Every option of every kind arrives: each of its examples gives a description of its own, and comes back from it.
  @Test(arguments: TransformationKind.all.map(\.name)) func everyOptionCounts(_ name: String) throws {
    let kind = try TransformationKind.named(name)
    for option in kind.options {
      #expect(option.examples.count > 1, "\(option.name)")
      var seen: Set<String> = []
      for example in option.examples {
        let words = kind.options.compactMap { other -> String? in
          guard let value = other.name == option.name ? example : other.standard ?? other.examples.first else {
            return nil
          }
          return value.hasPrefix("(") ? value : "\(other.name)=\(value)"
        }
        let chain = try ChainConfiguration(([name] + words).joined(separator: " ")).makeChain()
        #expect(seen.insert(chain.description).inserted, "\(name) ignores \(option.name)")
        #expect(try ChainConfiguration(chain.description).makeChain().description == chain.description)
      }
    }
  }

  /// Values are compared as what they mean, and the shortest text is printed.
  @Test(arguments: [
    ("adam epsilon=1e-08 beta1=0.90 | rate 1e-1", "adam | rate 0.1"), ("momentum 0.90 nesterov=no", "momentum"),
    ("momentum 5e-1 nesterov=yes | rate 1", "momentum 0.5 nesterov=true | rate 1.0"),
    ("orthogonal renormalize=yes only=all", "orthogonal"), ("decay 0.00050 except=none", "decay 0.0005"),
    ("finite ( momentum 0.9 )", "finite (momentum)"), ("losspower 1.50 low=1e-3", "losspower 1.5"),
    ("rate cosine(1e-1, 5epochs)", "rate cosine(0.1, 5.0epochs, 0.0)"),
  ])
  func equalValuesAreOneText(_ text: String, _ shortest: String) throws {
    #expect(try ChainConfiguration(text).description == shortest)
    #expect(try ChainConfiguration(text) == ChainConfiguration(shortest))
    #expect(try ChainConfiguration(text).makeChain().description == shortest)
  }
}
