import Descending
import Testing

@Suite struct PathPatternTests {
  @Test(arguments: [
    ("*/weight", "layer/weight", true), ("*/weight", "layer/bias", false), ("*", "", true), ("", "", true),
    ("", "a", false), ("?", "", false), ("?*", "a", true), ("a*b*c", "axxbyybzc", true), ("a*b*c", "axxbyybz", false),
    ("*norm*/*", "block/norm1/scale", true), ("b?as", "bias", true), ("b?as", "bas", false), ("**a", "ba", true),
    ("a**", "a", true), ("*ab", "aab", true), ("*ab*ab", "abab", true), ("*ab*ab", "aba", false),
  ]) func standsForPaths(_ pattern: String, _ path: String, _ matches: Bool) {
    #expect(PathPattern(pattern).matches(path) == matches)
  }

  /// Each star more could double the time; it does not.
  @Test(.timeLimit(.minutes(1))) func manyStarsTakeNoLonger() {
    let path = String(repeating: "a", count: 200)
    #expect(!PathPattern(String(repeating: "*a", count: 60) + "b").matches(path))
    #expect(PathPattern(String(repeating: "*", count: 300)).matches(path))
  }
}
