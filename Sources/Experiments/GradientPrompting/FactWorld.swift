import LanguageModels
import Training

/// A language of some eighty words in which facts are told and asked for, small enough to be learnt on the spot.
///
/// "the window belongs to Nancy ." tells a description before a name, "Nancy owns the window ." a name before a
/// description, "who owns the window ? Nancy ." asks. The plain model learns all words; names and objects of tests are held
/// out of what teaches it to learn. A context of several facts names several people, so that it does not help to believe
/// any name that occurs. Our choice throughout.
package struct FactWorld: Sendable {
  package typealias Kind = FictitiousFacts.Kind
  package typealias Split = FictitiousFacts.Split

  private static let grammar = [".", "the", "belongs", "to", "owns", "who", "?"]
  private static let end: Int32 = 0

  package let words: [String]
  /// Facts of one context.
  package let facts: Int
  private let names: [Split: [Int32]]
  private let objects: [Split: [Int32]]

  /// - Parameters:
  ///   - facts: of one context, at most a fourth of the objects.
  ///   - names: how many people there are.
  ///   - key: decides which quarter of the names and objects is held out.
  package init(facts: Int, names count: Int, key: RandomKey) {
    let (people, things) = (FactWords.names.prefix(count), FactWords.objects)
    words = Self.grammar + people + things
    self.facts = facts
    func parts(_ range: Range<Int>, _ name: String) -> [Split: [Int32]] {
      let order = key.split(name).permutation(range.count).map { Int32(range.lowerBound + $0) }
      let held = range.count / 4
      return [.test: Array(order.prefix(held)), .train: Array(order.dropFirst(held))]
    }
    let first = Self.grammar.count
    names = parts(first..<first + people.count, "names")
    objects = parts(first + people.count..<words.count, "objects")
  }

  /// The most facts that a context can have, and the most names that there are.
  static var limits: (facts: Int, names: Int) { (FactWords.objects.count / 4, FactWords.names.count) }

  package func text(_ tokens: [Int32]) -> String { tokens.map { words[Int($0)] }.joined(separator: " ") }

  private func token(_ word: String) -> Int32 { Int32(Self.grammar.firstIndex(of: word)!) }

  private func fact(_ name: Int32, _ object: Int32, _ kind: Kind) -> [Int32] {
    kind == .reversal
      ? [name, token("owns"), token("the"), object, Self.end]
      : [token("the"), object, token("belongs"), token("to"), name, Self.end]
  }

  private func question(_ object: Int32) -> [Int32] {
    [token("who"), token("owns"), token("the"), object, token("?")]
  }

  // MARK: Tasks

  /// Tasks as tokens; task number n depends on the key and on n only. The group of each is its name.
  package func tasks(_ count: Int, _ split: Split, kind: Kind, key: RandomKey) -> [ContextTask] {
    (0..<count).map { index in
      let key = key.split(kind.rawValue).split(index)
      let (people, things) = pairs(names[split]!, objects[split]!, key)
      let asked = key.split("asked").integers(count: 1, below: facts)[0]
      return ContextTask(
        context: zip(people, things).flatMap { fact($0, $1, kind) }, query: question(things[asked]),
        answer: [people[asked]], group: Int(people[asked]))
    }
  }

  private func pairs(_ names: [Int32], _ objects: [Int32], _ key: RandomKey) -> (people: [Int32], things: [Int32]) {
    func pick(_ items: [Int32], _ name: String) -> [Int32] {
      key.split(name).permutation(items.count).prefix(facts).map { items[$0] }
    }
    return (pick(names, "people"), pick(objects, "things"))
  }

  // MARK: What the plain model reads

  /// Tokens of one document: facts and a question about each.
  package var documentLength: Int { facts * 13 }

  /// Documents of all names and objects, [count, documentLength]: facts in one of the two orders, then a question about
  /// each. In an eighth of them the questions stand first, where nothing tells the answer.
  package func documents(_ count: Int, key: RandomKey) -> NDArray {
    let (people, things) = (names[.train]! + names[.test]!, objects[.train]! + objects[.test]!)
    let tokens = (0..<count).flatMap { index -> [Int32] in
      let key = key.split(index)
      let (named, owned) = pairs(people, things, key)
      let draw = key.split("form").integers(count: 2, below: 8)
      let told = zip(named, owned).flatMap { fact($0, $1, draw[0] % 2 == 0 ? .description : .reversal) }
      let asked = key.split("order").permutation(facts).flatMap { question(owned[$0]) + [named[$0], Self.end] }
      let all = draw[1] == 0 ? asked + told : told + asked
      return all + [Int32](repeating: Self.end, count: documentLength - all.count)
    }
    return NDArray(tokens, shape: [count, documentLength])
  }
}
