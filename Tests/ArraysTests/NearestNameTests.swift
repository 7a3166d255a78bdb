import Arrays
import Testing

@Suite struct NearestNameTests {
  private let names = [
    "orthogonal", "decay", "clip", "sign", "momentum", "adam", "rate", "mlp", "sam", "validation/loss",
  ]

  /// A slip is one edit, and of longer names one in three characters; two letters in each other's place are one.
  @Test(arguments: [
    ("momentom", "momentum"), ("mometnum", "momentum"), ("orthgnal", "orthogonal"), ("adm", "adam"), ("mpl", "mlp"),
    ("rat", "rate"), ("Adam", "adam"), ("validation/lss", "validation/loss"),
  ])
  func slipsAreUnderstood(_ slip: String, _ meant: String) { #expect(NearestName.of(slip, among: names) == meant) }

  /// Another word is no slip, however short.
  @Test(arguments: ["sgd", "lion", "lr", "wd", "l2", "ema", "", "x"])
  func otherWordsAreNot(_ word: String) {
    #expect(NearestName.of(word, among: names) == nil)
    #expect(NearestName.hint(word, among: names).hasPrefix("there are: orthogonal, "))
  }

  @Test(arguments: [
    ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abcd", "badc", 2), ("kitten", "sitting", 3),
  ])
  func edits(_ a: String, _ b: String, _ count: Int) { #expect(NearestName.distance(Array(a), Array(b)) == count) }
}
