import Arrays
import Distributed
import Foundation
import TestSupport
import Testing
import Theory

@Suite struct MethodTests {
  static var objective: TridiagonalQuadratic { TridiagonalQuadratic(dimension: 12, variance: 0.5) }
  static let cluster = Cluster(workers: 4, gradientSeconds: 1, downlinkSeconds: 0.01, uplinkSeconds: 0.1)
  static let accuracy = 0.05
  static var arms: [MethodArm] { MethodArm.roster(for: objective, on: cluster, accuracy: accuracy) }

  /// Each method reaches ε with the step of its theory, again with the same bits, and otherwise with another seed.
  @Test(arguments: arms.map(\.name)) func reaches(_ name: String) throws {
    let arm = Self.arms.first { $0.name == name }!
    func run(_ seed: Int) throws -> MethodTime {
      try arm.measure(Self.objective, Self.cluster, goal: Goal(accuracy: Self.accuracy, rounds: 100_000), seed: seed)
    }
    let (first, again, other) = (try run(0), try run(0), try run(1))
    #expect(first.seconds != nil && other.seconds != nil && first == again)
    #expect(first.gradients >= first.rounds)
  }

  /// Unequal workers too, with free links and without noise.
  @Test(arguments: arms.map(\.name)) func reachesOnUnequalWorkers(_ name: String) throws {
    let cluster = Cluster(
      gradientSeconds: [1, 2, 0.5, 30], downlinkSeconds: [0, 0.1, 0, 0], uplinkSeconds: [0.1, 0, 0.3, 0])
    for objective in [Self.objective, TridiagonalQuadratic(dimension: 12)] {
      let arm = MethodArm.roster(for: objective, on: cluster, accuracy: 0.05).first { $0.name == name }!
      let time = try arm.measure(objective, cluster, goal: Goal(accuracy: 0.05, rounds: 100_000), seed: 3)
      #expect(time.seconds != nil)
    }
  }

  /// Without noise and compression, synchronous SGD is gradient descent, to the bit on one worker, and the clock shows rounds times
  /// τ_s d + h b + τ_w d.
  @Test func synchronousDescentIsGradientDescent() throws {
    let f = TridiagonalQuadratic(dimension: 12)
    let record = try DistributedDescent.simulate(
      BatchDescent(batch: 3), on: f, Cluster(workers: 1, gradientSeconds: 2, downlinkSeconds: 0.5, uplinkSeconds: 0.25),
      goal: Goal(accuracy: 1e-4), key: RandomKey(seed: 0))
    var (x, rounds) = (f.start, 0)
    while f.squaredGradientNorm(at: x) > 1e-4 {
      let g = f.gradient(at: x)
      for i in x.indices { x[i] += -1 * g[i] }
      rounds += 1
    }
    #expect(record.rounds == rounds && record.point == x)
    #expect(record.seconds == Double(rounds) * (6 + 3 + 6))
    #expect(record.uplinkBits == rounds * 12 * 64 && record.gradients == 3 * rounds)
    #expect(record.looks.first?.round == 0 && record.looks.last?.round == rounds)
  }

  /// What a grid says for other speeds is what their simulation shows.
  @Test func gridsAreRetimed() throws {
    let grid = BatchGrid(batches: [1, 4], kept: [3, 12])
    let places = try grid.measure(Self.objective, workers: 4, accuracy: 0.05, rounds: 20000, seed: 5)
    #expect(places.count == 4)
    for place in places {
      let uplink: any Compressor = place.compression.kept == 12 ? Identity() : RandK(place.compression.kept)
      let record = try DistributedDescent.simulate(
        BatchDescent(batch: place.compression.batch, uplink: uplink), on: Self.objective, Self.cluster,
        goal: Goal(accuracy: 0.05),
        key: RandomKey(seed: 5).split("grid").split(place.compression.batch).split(place.compression.kept))
      let expected = place.seconds(gradient: 1, downlink: 0.01, uplink: 0.1)!
      // Each event's time is a sum of the ones before it.
      #expect(abs(record.seconds - expected) <= rounding(terms: 3 * Double(record.rounds), scale: expected))
    }
    let best = places.fastest(gradient: 1, downlink: 0.01, uplink: 0.1)!
    #expect(places.allSatisfy { $0.seconds(gradient: 1, downlink: 0.01, uplink: 0.1)! >= best.seconds })
    let powers = BatchGrid.powers(for: Self.objective.setting(Self.cluster, accuracy: 0.05))
    #expect(powers.kept == [1, 4, 12] && powers.batches == [1, 3])
  }

  /// EF21 with the whole vector is gradient descent; MARINA-P whose coin always falls on whole vectors is synchronous SGD; so
  /// is local SGD of one step.
  @Test func methodsAgreeWhereTheyMust() throws {
    let f = TridiagonalQuadratic(dimension: 12)
    let (goal, key) = (Goal(accuracy: 1e-3), RandomKey(seed: 1))
    let plain = try DistributedDescent.simulate(BatchDescent(batch: 1), on: f, Self.cluster, goal: goal, key: key)
    let others: [any DistributedMethod] = [
      ErrorFeedback(batch: 1, compressor: Identity()), MarinaP(batch: 1, downlink: PermK(workers: 4), chance: 1),
      MarinaP(batch: 1, downlink: Identity(), chance: 0.3), LocalDescent(steps: 1), Rennala(batch: 4),
      Shadowheart(kept: 12),
    ]
    for (method, scale) in zip(others, [1, 1, 1, 2, 1, 2.0]) {
      let record = try DistributedDescent.simulate(
        method, on: f, Self.cluster, goal: goal, key: key, stepScale: scale)
      #expect(record.rounds == plain.rounds, "\(method.name)")
      for (a, b) in zip(record.point, plain.point) {
        #expect(abs(a - b) < rounding(terms: 10 * Double(plain.rounds), scale: 12), "\(method.name)")
      }
    }
    // PermK's models have x as their mean, so that with linear gradients the changes cost nothing at all.
    let permuted = try DistributedDescent.simulate(
      MarinaP(batch: 1, downlink: PermK(workers: 4), chance: 0.2), on: f, Self.cluster, goal: goal, key: key)
    #expect(permuted.rounds == plain.rounds && plain.downlinkBits == plain.rounds * 4 * 12 * 64)
    // Every round costs the vector once among all workers, a whole one three times more. The coin falls on whole ones in 4.4 of the
    // 22 rounds after the first, with a deviation of 1.9.
    let (whole, rest) = (permuted.downlinkBits - plain.rounds * 12 * 64).quotientAndRemainder(dividingBy: 3 * 12 * 64)
    #expect(rest == 0 && whole >= 1 && whole <= 1 + 4 + 5 * 2)
  }

  /// Rennala does not wait for a slow worker, synchronous SGD does.
  @Test func slowWorkersAreNotWaitedFor() throws {
    let cluster = Cluster(
      gradientSeconds: [1, 1, 1, 1000], downlinkSeconds: [0, 0, 0, 0], uplinkSeconds: [0, 0, 0, 0])
    func seconds(_ method: some DistributedMethod) throws -> Double {
      try DistributedDescent.simulate(
        method, on: Self.objective, cluster, goal: Goal(accuracy: 0.05), key: RandomKey(seed: 2)
      ).seconds
    }
    let rennala = try seconds(Rennala(for: Self.objective, accuracy: 0.05))
    #expect(try seconds(BatchDescent(batch: 3)) > 100 * rennala)
    #expect(try seconds(Ringmaster(for: Self.objective, accuracy: 0.05)) < 1000 * 4)
    let hearts = try seconds(Shadowheart(kept: 12))
    #expect(hearts < 1000)
  }

  @Test func goalsEndDescents() throws {
    let short = try DistributedDescent.simulate(
      BatchDescent(batch: 1), on: Self.objective, Self.cluster, goal: Goal(accuracy: 1e-9, rounds: 5),
      key: RandomKey(seed: 0))
    #expect(!short.isReached && short.rounds == 5)
    let brief = try DistributedDescent.simulate(
      BatchDescent(batch: 1), on: Self.objective, Self.cluster, goal: Goal(accuracy: 1e-9, seconds: 10),
      key: RandomKey(seed: 0))
    #expect(!brief.isReached && brief.seconds > 10 && brief.seconds < 13)
    // Without noise, whose step of theory would be so small that a million times it still descends, and never to 1e-9.
    let far = try DistributedDescent.simulate(
      BatchDescent(batch: 1), on: TridiagonalQuadratic(dimension: 12), Self.cluster,
      goal: Goal(accuracy: 1e-9, rounds: 10_000), key: RandomKey(seed: 0), stepScale: 1e6)
    #expect(!far.isReached && !far.looks.last!.squaredGradient.isFinite)
  }

  /// The worst-case chain under its own oracle: nobody is near before the last coordinate is known.
  @Test func chainIsUncoveredCoordinateByCoordinate() throws {
    let chain = WorstCaseObjective(WorstCaseFunction(length: 6, window: 2, base: 1.5), chance: 0.5)
    let (method, cluster) = (BatchDescent(batch: 8), Cluster(workers: 4))
    // A step of 0.05: theory's, from the constants of the whole function, would take too long.
    let scale = 0.05 / method.stepSize(for: chain, on: cluster, accuracy: 1)
    let record = try DistributedDescent.simulate(
      method, on: chain, cluster, goal: Goal(accuracy: 1, rounds: 20000), key: RandomKey(seed: 0), stepScale: scale)
    #expect(record.isReached && chain.function.progress(record.point) == 6)
  }

  /// The map names a best method, and its places are functions of settings and seeds.
  @Test func mapsArePure() throws {
    func place() throws -> MapPlace {
      try MapPlace.measure(
        Self.objective, ratio: 0, workers: 2, gradientSeconds: 1, uplinkSeconds: 0.5,
        goal: Goal(accuracy: 0.1, rounds: 20000), seeds: [0, 1])
    }
    let (a, b) = (try place(), try place())
    #expect(a == b && a.times.best != nil && a.times.count == 20)
  }
}
