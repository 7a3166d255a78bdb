import Arrays
import Distributed
import Foundation
import TestSupport
import Testing

@Suite struct CompressorTests {
  private static let dimension = 24
  private static let x = RandomKey(seed: 1).normal(count: dimension).map { $0 * exp($0) }
  private static let unbiased: [any Compressor] = [
    Identity(), RandK(1), RandK(5), RandK(24), PermK(workers: 4), PermK(workers: 7), PermK(workers: 40),
    NaturalCompression(), Dithering(levels: 1), Dithering(levels: 6),
  ]

  /// Over many draws: each coordinate's mean is x's, and the error is at most ω |x|²; for sparsifiers it is that. Bounds lie
  /// five standard errors away: 240 means of bell shape pass all but once in 10,000 seeds.
  @Test(arguments: unbiased.indices) func unbiasedWithTheirVariance(_ index: Int) {
    let (compressor, x, draws) = (Self.unbiased[index], Self.x, 8000)
    let d = Self.dimension
    var (sums, squares) = ([Double](repeating: 0, count: d), [Double](repeating: 0, count: d))
    var (errors, errorSquares, bits) = (0.0, 0.0, 0.0)
    for draw in 0..<draws {
      // Workers draw differently: they are part of what is averaged over.
      let packet = compressor.compress(x, worker: draw % 3, key: RandomKey(seed: 2).split(draw))
      let y = packet.vector
      var error = 0.0
      for i in 0..<d {
        sums[i] += y[i]
        squares[i] += (y[i] - x[i]) * (y[i] - x[i])
        error += (y[i] - x[i]) * (y[i] - x[i])
      }
      errors += error
      errorSquares += error * error
      bits += Double(packet.bits)
    }
    let n = Double(draws)
    for i in 0..<d {
      let standardError = (squares[i] / n / n).squareRoot()
      #expect(abs(sums[i] / n - x[i]) <= 5 * standardError + rounding(terms: n, scale: abs(x[i])))
    }
    let mean = errors / n
    let standardError = (max(0, errorSquares / n - mean * mean) / n).squareRoot()
    let bound = compressor.omega(dimension: d)! * x.reduce(0) { $0 + $1 * $1 }
    let uncertain = 5 * standardError + rounding(terms: n, scale: bound)
    #expect(mean <= bound + uncertain)
    if compressor is RandK || compressor is PermK { #expect(mean >= bound - uncertain) }
    // PermK's packets differ by a coordinate, of 64 bits, where n does not divide d.
    #expect(abs(bits / n - compressor.bits(dimension: d)) <= 5 * 64 / n.squareRoot())
  }

  @Test func bitsAreCounted() {
    func bits(_ compressor: any Compressor) -> Int { compressor.compress(Self.x, key: RandomKey(seed: 3)).bits }
    #expect(bits(Identity()) == 24 * 64)
    #expect(bits(RandK(5)) == 5 * 64)
    #expect(bits(PermK(workers: 4)) == 6 * 64)
    #expect(bits(TopK(5)) == 5 * (64 + 5))  // 24 places in 5 bits
    #expect(bits(NaturalCompression()) == 24 * 12)
    #expect(bits(Dithering(levels: 1)) == 64 + 24 * 2)
    #expect(bits(Dithering(levels: 6)) == 64 + 24 * 4)  // levels 0...6 in 3 bits, and a sign
    #expect(Dithering(levels: 4).compress(Self.x, key: RandomKey(seed: 3)).coordinates == 1 + 24 * 4 / 64.0)
  }

  /// The n packets of one vector add up to n times it, whether n divides d, does not, or is larger.
  @Test(arguments: [1, 4, 7, 40]) func permutedPacketsMakeTheVector(_ n: Int) {
    let (compressor, key) = (PermK(workers: n), RandomKey(seed: 4))
    let packets = compressor.packets(of: Self.x, workers: n, key: key)
    var sum = [Double](repeating: 0, count: Self.dimension)
    for (worker, packet) in packets.enumerated() {
      packet.add(to: &sum, times: 1 / Double(n))
      #expect(packet == compressor.compress(Self.x, worker: worker, key: key))
      #expect(packet.positions == packet.draw?.positions(dimension: Self.dimension))
    }
    for (a, b) in zip(sum, Self.x) { #expect(abs(a - b) <= rounding(terms: 2, scale: abs(b))) }
  }

  @Test func largestCoordinatesAreKept() {
    let x = [1.0, -5, 3, -3, 0.5]
    let packet = TopK(2).compress(x, key: RandomKey(seed: 0))
    #expect(packet.vector == [0, -5, 3, 0, 0])
    for kept in 1...5 {
      let y = TopK(kept).compress(Self.x, key: RandomKey(seed: 0)).vector
      let error = zip(Self.x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      #expect(error <= (1 - TopK(kept).contraction(dimension: 24)!) * Self.x.reduce(0) { $0 + $1 * $1 })
    }
    #expect(TopK(2).omega(dimension: 5) == nil)
  }

  /// Distinct positions, each as often as another; workers and rounds draw differently, and only what is sent is made.
  @Test func positionsAreDrawnEvenly() {
    var counts = [Int](repeating: 0, count: 70)
    let draws = 7000
    for draw in 0..<draws {
      var asked: [Int32]?
      let packet = RandK(3).compress(dimension: 70, worker: 0, key: RandomKey(seed: 5).split(draw)) {
        asked = $0
        return [1, 2, 3]
      }
      #expect(Set(packet.positions!).count == 3 && packet.positions == asked)
      #expect(packet.positions == packet.draw?.positions(dimension: 70))
      for position in packet.positions! { counts[Int(position)] += 1 }
    }
    let (p, n) = (3.0 / 70, Double(draws))
    for count in counts { #expect(abs(Double(count) - n * p) < 5 * (n * p * (1 - p)).squareRoot()) }
    let key = RandomKey(seed: 6)
    let (a, b) = (RandK(3).compress(Self.x, worker: 0, key: key), RandK(3).compress(Self.x, worker: 1, key: key))
    #expect(a.positions != b.positions && a == RandK(3).compress(Self.x, worker: 0, key: key))
  }

  @Test func unusualNumbersSurvive() {
    let tiny = Double.leastNormalMagnitude / 4
    let x = [0, -0.0, tiny, -tiny, 4, -0.25, 1e300]
    for y in (0..<20).map({ NaturalCompression().compress(x, key: RandomKey(seed: $0)).values }) {
      #expect(y[0] == 0 && y[4] == 4 && y[5] == -0.25 && (y[2] == 0 || y[2] == .leastNormalMagnitude))
    }
    #expect(Dithering(levels: 2).compress([0, 0], key: RandomKey(seed: 0)).values == [0, 0])
  }
}
