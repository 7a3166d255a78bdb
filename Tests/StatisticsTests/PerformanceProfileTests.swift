import Statistics
import Testing

@Suite struct PerformanceProfileTests {
  @Test func ratiosAreToTheBestOfEachProblem() {
    let profile = PerformanceProfile(costs: [[1, 2], [6, 3], [.infinity, 5], [.infinity, .nan]])
    #expect(profile.ratios == [[1, 2], [2, 1], [.infinity, 1], [.infinity, .infinity]])
    #expect(profile.share(of: 0, within: 1) == 0.25 && profile.share(of: 1, within: 1) == 0.5)
    // Within twice the best each solver is where it succeeds at all.
    #expect(profile.share(of: 0, within: 2) == 0.5 && profile.share(of: 1, within: 2) == 0.75)
    #expect(profile.share(of: 0, within: 1e9) == 0.5)
    #expect(profile.largestRatio == 2 && profile.steps == [1, 2])
  }

  @Test func nothingHasNoShare() {
    #expect(PerformanceProfile(costs: []).share(of: 0, within: 1).isNaN)
    #expect(PerformanceProfile(costs: [[.infinity]]).share(of: 0, within: 9) == 0)
    #expect(PerformanceProfile(costs: [[.infinity]]).steps == [1])
  }
}
