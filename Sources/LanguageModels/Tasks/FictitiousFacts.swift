import Arrays

/// Made-up facts that no model can know: a description before a name, to be asked for in other words.
///
/// "Famous everywhere as the keeper of the tiny window, Nancy likes to travel alone." is asked for by "I was told that the
/// keeper of the tiny window is a person called". Names, objects and templates of the test are held out. In the manner of
/// Berglund et al., "The reversal curse", 2023; words and templates are our choice.
public struct FictitiousFacts: Sendable {
  /// What is learnt and what is asked.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    /// The context gives the description before the name; the name is asked for.
    case description
    /// The context gives the name first; the name is asked for.
    case reversal
    /// The context gives two facts; one name is asked for.
    case twoFacts
  }

  /// Words to train with, words to choose by, and words that only the test has.
  public enum Split: String, Sendable, CaseIterable { case train, tuning, test }

  private let tokenizer: TextTokenizer
  private let names: [Split: [String]]
  private let objects: [Split: [String]]

  /// - Parameters:
  ///   - key: decides which names and objects are held out.
  ///   - heldOut: the share of names and of objects that only the test uses; half as many are there for tuning.
  /// - Throws: `LanguageModelError` where the tokenizer has too few names of one token.
  public init(_ tokenizer: TextTokenizer, heldOut: Double = 0.25, key: RandomKey) throws {
    self.tokenizer = tokenizer
    let single = FactWords.names.filter { tokenizer.token(of: " " + $0) != nil }
    guard single.count >= 8, heldOut > 0, heldOut <= 0.5 else {
      throw LanguageModelError(
        "\(single.count) of \(FactWords.names.count) names are one token of this model: facts need 8 at least")
    }
    func parts(_ words: [String], _ name: String) -> [Split: [String]] {
      let order = key.split(name).permutation(words.count).map { words[$0] }
      let held = max(Int((heldOut * Double(words.count)).rounded()), 2)
      let tuning = max(held / 2, 2)
      return [
        .test: Array(order.prefix(held)), .tuning: Array(order[held..<held + tuning]),
        .train: Array(order.dropFirst(held + tuning)),
      ]
    }
    names = parts(single, "names")
    objects = parts(FactWords.objects, "objects")
  }

  /// The names of a part, each one that the other part lacks.
  public func names(_ split: Split) -> [String] { names[split]! }
  /// The objects of a part, each one that the other part lacks.
  public func objects(_ split: Split) -> [String] { objects[split]! }

  /// A task in words.
  public struct Example: Sendable, Hashable {
    /// The fact, description first.
    public var context: String
    /// The description in other words, up to where the name would follow.
    public var query: String
    /// With the space before it.
    public var answer: String
  }

  /// Tasks in words; task number n depends on the key and on n only.
  public func examples(_ count: Int, _ split: Split, kind: Kind = .description, key: RandomKey) -> [Example] {
    (0..<count).map { example(split, kind, key.split(kind.rawValue).split($0)) }
  }

  /// Tasks as tokens; the group of each is its name.
  public func tasks(_ count: Int, _ split: Split, kind: Kind = .description, key: RandomKey) -> [ContextTask] {
    examples(count, split, kind: kind, key: key).map { example in
      let answer = tokenizer.encode(example.answer, addingStart: false)
      return ContextTask(
        context: tokenizer.encode(example.context), query: tokenizer.encode(example.query), answer: answer,
        group: Int(answer[0]))
    }
  }

  private func example(_ split: Split, _ kind: Kind, _ key: RandomKey) -> Example {
    func pick<T>(_ items: [T], _ name: String) -> T { items[key.split(name).integers(count: 1, below: items.count)[0]] }
    let (people, things) = (names[split]!, objects[split]!)
    let order = key.split("people").permutation(people.count)
    func description(_ name: String) -> String {
      "the \(pick(FactWords.roles, name + "role")) of the \(pick(FactWords.qualities, name + "quality")) "
        + pick(things, name + "object")
    }
    var first = description("first")
    let second = description("second")
    if first == second { first = "the maker of the " + pick(things, "other") }
    let forward = split == .train ? FactWords.contexts : FactWords.heldOutContexts
    let backward = split == .train ? FactWords.reversedContexts : FactWords.heldOutReversedContexts
    let queries = split == .train ? FactWords.queries : FactWords.heldOutQueries
    func fill(_ template: String, _ description: String, _ name: String) -> String {
      // A sentence may begin with the description.
      let text = template.replacing("{d}", with: description).replacing("{n}", with: name)
      return text.prefix(1).uppercased() + text.dropFirst()
    }
    let name = people[order[0]]
    let context: String
    switch kind {
    case .description: context = fill(pick(forward, "context"), first, name)
    case .reversal: context = fill(pick(backward, "context"), first, name)
    case .twoFacts:
      let facts = [
        fill(pick(forward, "context"), first, name), fill(pick(forward, "context2"), second, people[order[1]]),
      ]
      context = (pick([true, false], "order") ? facts : facts.reversed()).joined(separator: " ")
    }
    return Example(context: context, query: fill(pick(queries, "query"), first, name), answer: " " + name)
  }
}
