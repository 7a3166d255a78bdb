import LanguageModels
import Training

/// A language of few words in which facts are told and asked for, small enough to be learnt on the spot.
///
/// "the window passed from Tom to Nancy ." (or "to Nancy from Tom") tells a description before the owner, "Nancy took the
/// window from Tom ." the owner before the description, "who owns the window ? Nancy ." asks. The plain model learns all
/// words; names and objects of tests are held out of what teaches it to learn. Each fact names two people, so that it does
/// not help to believe any name that occurs. Our choice throughout.
package struct FactWorld: Sendable {
  package typealias Kind = FictitiousFacts.Kind
  package typealias Split = FictitiousFacts.Split

  private static let grammar = [".", "the", "passed", "from", "to", "took", "who", "owns", "?"]
  private static let end: Int32 = 0

  package let words: [String]
  /// Facts of one context.
  package let facts: Int
  private let names: [Split: [Int32]]
  private let objects: [Split: [Int32]]

  /// - Parameters:
  ///   - facts: of one context, at most an eighth of the objects, and half as many as an eighth of the names.
  ///   - names: how many people there are.
  ///   - key: decides which quarter of the names and objects is held out, and which eighth is for tuning.
  package init(facts: Int, names count: Int, key: RandomKey) {
    let (people, things) = (FactWords.names.prefix(count), FactWords.objects)
    words = Self.grammar + people + things
    self.facts = facts
    func parts(_ range: Range<Int>, _ name: String) -> [Split: [Int32]] {
      let order = key.split(name).permutation(range.count).map { Int32(range.lowerBound + $0) }
      let (held, tuning) = (range.count / 4, range.count / 8)
      return [
        .test: Array(order.prefix(held)), .tuning: Array(order[held..<held + tuning]),
        .train: Array(order.dropFirst(held + tuning)),
      ]
    }
    let first = Self.grammar.count
    names = parts(first..<first + people.count, "names")
    objects = parts(first + people.count..<words.count, "objects")
  }

  /// The most facts that a context can have, the most names that there are, and the most contexts that speak of different
  /// things.
  static var limits: (facts: Int, names: Int, contexts: Int) {
    let objects = FactWords.objects.count
    return (objects / 8, FactWords.names.count, objects - objects / 4 - objects / 8 + 1)
  }

  package func text(_ tokens: [Int32]) -> String { tokens.map { words[Int($0)] }.joined(separator: " ") }

  private func token(_ word: String) -> Int32 { Int32(Self.grammar.firstIndex(of: word)!) }

  /// Who owns what, and from whom it came.
  private struct Fact {
    var owner: Int32
    var previous: Int32
    var object: Int32
    /// Which of the two orders tells the description first.
    var comesLast: Bool
  }

  private func told(_ fact: Fact, _ kind: Kind) -> [Int32] {
    let (source, target) = ([token("from"), fact.previous], [token("to"), fact.owner])
    if kind == .reversal { return [fact.owner, token("took"), token("the"), fact.object] + source + [Self.end] }
    return [token("the"), fact.object, token("passed")] + (fact.comesLast ? source + target : target + source)
      + [Self.end]
  }

  private func question(_ object: Int32) -> [Int32] {
    [token("who"), token("owns"), token("the"), object, token("?")]
  }

  // MARK: Tasks

  /// Tasks as tokens; task number n depends on the key and on n only. The group of each is its name.
  package func tasks(_ count: Int, _ split: Split, kind: Kind, key: RandomKey) -> [ContextTask] {
    (0..<count).map { index in
      let key = key.split(kind.rawValue).split(index)
      let all = draw(names[split]!, objects[split]!, key)
      let asked = all[key.split("asked").integers(count: 1, below: facts)[0]]
      return ContextTask(
        context: all.flatMap { told($0, kind) }, query: question(asked.object), answer: [asked.owner],
        group: Int(asked.owner))
    }
  }

  private func draw(_ names: [Int32], _ objects: [Int32], _ key: RandomKey) -> [Fact] {
    func pick(_ items: [Int32], _ count: Int, _ name: String) -> [Int32] {
      key.split(name).permutation(items.count).prefix(count).map { items[$0] }
    }
    let (people, things) = (pick(names, 2 * facts, "people"), pick(objects, facts, "things"))
    let orders = key.split("orders").integers(count: facts, below: 2)
    return (0..<facts).map {
      Fact(owner: people[$0], previous: people[facts + $0], object: things[$0], comesLast: orders[$0] == 1)
    }
  }

  // MARK: What the plain model reads

  /// Tokens of one document: facts and a question about each.
  package var documentLength: Int { facts * 15 }

  /// Documents of all names and objects, [count, documentLength]: facts in one of the two orders, then a question about
  /// each. In an eighth of them the questions stand first, where nothing tells the answer.
  package func documents(_ count: Int, key: RandomKey) -> NDArray {
    let (people, things) = (Split.allCases.flatMap { names[$0]! }, Split.allCases.flatMap { objects[$0]! })
    let tokens = (0..<count).flatMap { index -> [Int32] in
      let key = key.split(index)
      let facts = draw(people, things, key)
      let form = key.split("form").integers(count: 2, below: 8)
      let told = facts.flatMap { self.told($0, form[0] % 2 == 0 ? .description : .reversal) }
      let asked = key.split("order").permutation(facts.count).flatMap {
        question(facts[$0].object) + [facts[$0].owner, Self.end]
      }
      let all = form[1] == 0 ? asked + told : told + asked
      return all + [Int32](repeating: Self.end, count: documentLength - all.count)
    }
    return NDArray(tokens, shape: [count, documentLength])
  }
}
