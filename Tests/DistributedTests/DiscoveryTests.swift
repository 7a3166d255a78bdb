import Arrays
import Distributed
import Foundation
import Statistics
import Testing

@Suite struct DiscoveryTests {
  private func mean(_ count: Int, _ value: (Int) -> Double) -> Summary { Summary((0..<count).map(value)) }

  /// One worker with one route needs K/2 geometric numbers a block: their mean is K/(2p). Five standard errors.
  @Test func oneWorkerNeedsTheSumOfTrials() {
    let race = DiscoveryRace(length: 60, window: 6, workers: 1, chance: 0.1, gradientSeconds: 2, downlinkSeconds: 1e9)
    let times = mean(300) { race.time(RandomKey(seed: $0)) }
    #expect(abs(times.mean - 10 * 2 * 3 / 0.1) < 5 * times.standardError)
    let links = DiscoveryRace(length: 60, window: 6, workers: 1, chance: 1e-9, gradientSeconds: 2, downlinkSeconds: 3)
    let received = mean(300) { links.time(RandomKey(seed: $0)) }
    #expect(abs(received.mean - 10 * 3 * 3 / 0.2) < 5 * received.standardError)
    // The old chain: the least of n geometric numbers is one of chance 1 - (1 - 1/T)^n.
    let old = DiscoveryRace(length: 50, window: 1, workers: 20, chance: 1e-12, downlinkSeconds: 1)
    let least = mean(300) { old.time(RandomKey(seed: $0)) }
    #expect(abs(least.mean - 50 / (1 - pow(1 - 1 / 50.0, 20))) < 5 * least.standardError)
  }

  /// Workers who have lost are not followed to the end, which changes no bit of the least time.
  @Test(arguments: [
    (400, 1, 300, 1e-3), (600, 4, 50, 0.01), (600, 16, 200, 0.002), (300, 6, 9, 1.0), (400, 1, 500, 1e-9),
  ])
  func theLeastTimeIsThatOfAllWorkers(length: Int, window: Int, workers: Int, chance: Double) {
    let race = DiscoveryRace(
      length: length, window: window, workers: workers, chance: chance, gradientSeconds: 1.3, downlinkSeconds: 0.7)
    func wait(_ numbers: ArraySlice<Double>, _ chance: Double) -> Double {
      if chance >= 1 { return Double(race.needed) }
      let scale = 1 / log1p(-chance)
      return numbers.reduce(0.0) { $0 + max(1, (log(1 - $1) * scale).rounded(.up)) }
    }
    for seed in 0..<3 {
      let key = RandomKey(seed: seed)
      let time = (0..<race.blocks).reduce(0.0) { sum, block in
        let numbers = key.split(block).uniform(count: 2 * workers * race.needed)
        let times = (0..<workers).map { worker in
          let place = 2 * worker * race.needed
          return min(
            1.3 * wait(numbers[place..<place + race.needed], chance),
            0.7 * wait(numbers[place + race.needed..<place + 2 * race.needed], race.hit))
        }
        return sum + times.min()!
      }
      #expect(race.time(key) == time)
    }
  }

  /// Where chances are small the mean is the quadrature's; where one success is enough, in closed form.
  @Test func expectedTimes() {
    let single = DiscoveryRace(length: 50, window: 2, workers: 20, chance: 0.01, gradientSeconds: 2, downlinkSeconds: 3)
    #expect(abs(single.expectedTime * 20 * (0.01 / 2 + single.hit / 3) / 25 - 1) < 1e-9)  // Simpson's error
    let race = DiscoveryRace(length: 8000, window: 8, workers: 30, chance: 1e-3)
    let times = mean(20) { race.time(RandomKey(seed: $0)) }
    // Trials are counted whole: half a trial each of some 130 a block.
    #expect(abs(times.mean - race.expectedTime) < 5 * times.standardError + 0.5 * Double(race.blocks))
    // Many workers: n^(-2/K).
    func time(_ n: Int) -> Double { DiscoveryRace(length: 8000, window: 4, workers: n, chance: 1e-9).expectedTime }
    #expect(abs(log10(time(100_000_000) / time(1_000_000)) / 2 + 0.5) < 0.005)
  }

  /// With n the old chain becomes faster in proportion, until one coordinate is enough; the new one hardly.
  @Test func moreWorkersHelpTheOldChainOnly() throws {
    func exponent(_ window: DiscoveryScaling.Window) throws -> Double {
      let scaling = DiscoveryScaling(.race, window, length: 400, chance: 1e-9, gradientSeconds: 1, downlinkSeconds: 1)
      let points = (0..<4).flatMap { seed in [4, 16, 64].map { scaling.measure(workers: $0, seed: seed) } }
      return try ScalingExponent(points).summary.mean
    }
    // Blocks of a coordinate: 400 geometric numbers a time, each with a deviation of its mean: slopes to some 0.03. From 4 to 64 workers of
    // 400 coordinates the least number's mean, 1/(1 - (1 - 1/400)^n), falls with the exponent -0.98 or less steeply.
    #expect(abs(try exponent(.fixed(1)) + 1) < 0.15)
    #expect(try exponent(.logarithmic) > -0.5)
  }

  /// The process without luck in play: one worker needs h for each coordinate, and two no less.
  @Test func certainGradientsUncoverOneByOne() {
    for workers in [1, 2, 9] {
      let process = DiscoveryProcess(length: 30, window: 4, workers: workers, chance: 1, downlinkSeconds: 7)
      #expect(process.time(RandomKey(seed: 0)) == 30)
    }
    // One worker alone: T/p seconds.
    let slow = DiscoveryProcess(length: 30, window: 3, workers: 1, chance: 0.2, downlinkSeconds: 1e6)
    let times = mean(200) { slow.time(RandomKey(seed: $0)) }
    #expect(abs(times.mean - 150) < 5 * times.standardError)
    // Links that cost nothing to speak of give n chances a gradient. Gradients under way when a coordinate is found begin without it:
    // up to one more a coordinate.
    let fast = DiscoveryProcess(length: 30, window: 1, workers: 8, chance: 0.05, downlinkSeconds: 1e-3)
    let together = mean(50) { fast.time(RandomKey(seed: $0)) }
    let alone: Double = 30 / (1 - pow(0.95, 8.0))
    let uncertain: Double = 5 * together.standardError
    #expect(together.mean > alone - uncertain && together.mean < alone + 30 + uncertain)
  }

  /// prog_K against its definition, as coordinates are learned in random orders.
  @Test(arguments: [1, 2, 5]) func knowledgeIsProgress(_ window: Int) {
    for seed in 0..<30 {
      var knowledge = DiscoveryProcess.Knowledge(length: 20, window: window)
      var known = Set<Int>()
      for i in RandomKey(seed: seed).permutation(20).map({ $0 + 1 }) {
        knowledge.learn(i)
        known.insert(i)
        let progress = (0...20).last { last in (0..<window).allSatisfy { last - $0 < 1 || known.contains(last - $0) } }
        #expect(knowledge.progress == progress)
      }
    }
  }

  @Test func curvesCross() throws {
    #expect(crossover([1, 10, 100], [1, 10, 100], [10, 10, 10]).map { abs($0 - 10) < 1e-9 } == true)
    #expect(abs(crossover([1, 100], [1, 100], [10, 10])! - 10) < 1e-9)
    #expect(crossover([1, 10], [1, 2], [3, 4]) == nil)
    let exponent = try ScalingExponent(
      [1.0, 2, 4].flatMap { x in (0..<3).map { ScalingPoint(x: x, y: Double($0 + 1) / x, seed: $0) } })
    #expect(exponent.slopes.count == 3 && exponent.slopes.allSatisfy { abs($0 + 1) < 1e-12 })
  }
}
