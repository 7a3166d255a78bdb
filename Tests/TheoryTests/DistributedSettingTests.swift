import Foundation
import Testing
import Theory

@Suite struct DistributedSettingTests {
  private func settings() -> [DistributedSetting] {
    [1, 8, 100, 3000].flatMap { n in
      [10.0, 1e4].flatMap { variance in
        [0.0, 0.01].map { down in
          DistributedSetting(
            workers: n, dimension: 500, gradientSeconds: 2, downlinkSeconds: down, uplinkSeconds: 0.3, smoothness: 3,
            gap: 7, variance: variance, accuracy: 0.5)
        }
      }
    }
  }

  /// At b* and K* the time of the theorem is that of Eq. 4 up to a constant, and no (b, K) of a fine grid is much better.
  @Test func bestBatchAndKept() {
    for s in settings() {
      let best = BatchCompression.best(for: s).time(in: s)
      var least = Double.infinity
      for i in 0...40 {
        for j in 0...40 {
          let b = Int(pow(4 * max(1, s.samples), Double(i) / 40).rounded(.up))
          let k = Int(pow(500, Double(j) / 40).rounded(.up))
          least = min(least, BatchCompression(batch: b, kept: min(k, 500)).time(in: s))
        }
      }
      // A and 2B/ε may both be twice their best, and so may the two costs of a round.
      #expect(best < 4 * least)
      let formula = min(s.compressedTime, s.uncompressedTime)
      // Each of the formula's six terms is at most a quarter of any (b, K)'s time. The other way: 4 R rounds; A <= 2 and
      // 2 B/ε <= 2; ceilings at most double; the grid's steps in b are a third.
      #expect(least > 4 / 6 * formula && least < 4 * 2 * 2 * 1.34 * formula)
    }
  }

  @Test func crossovers() {
    for s in settings() {
      #expect(s.bound <= s.oneWorkerTime && s.bound <= s.compressedTime && s.downlinkBound <= s.equalSpeedsBound)
      // Where one worker wins by the rule, its time is the smaller one.
      #expect(s.oneWorkerWins == (s.oneWorkerTime < s.uncompressedTime))
      if let regime = s.meanTermRegime {
        var inside = s
        inside.workers = max(1, Int((regime.lowerBound * regime.upperBound).squareRoot()))
        let share = inside.samples / Double(inside.workers)
        #expect(inside.meanTerm >= 0.99 * inside.gradientSeconds * share)
        #expect(inside.meanTerm >= 0.99 * inside.downlinkSeconds * 500)
      }
    }
    #expect(discoveryWindow(workers: 1) == 2 && discoveryWindow(workers: 10000) == 20)
  }

  /// n* is where computing takes as long as the rest of a round.
  @Test func saturation() {
    var s = settings()[2]
    s.workers = Int(s.saturation.rounded())
    let computing = s.gradientSeconds * s.samples / Double(s.workers)
    let rest = s.gradientSeconds + (s.uplinkSeconds + s.downlinkSeconds) * 500
    #expect(abs(computing / rest - 1) < 0.5 / s.saturation * 2)
  }

  /// Equal workers and one coordinate a packet: t* is Eq. 3's round up to a constant.
  @Test(arguments: [1, 10, 1000], [0.0, 1, 1e4]) func equilibriumOfEqualWorkers(_ n: Int, _ samples: Double) {
    let (d, h, tau) = (300.0, 2.0, 0.1)
    let time = UnequalWorkers.equilibriumTime(
      gradientSeconds: .init(repeating: h, count: n), packetSeconds: .init(repeating: tau, count: n), variance: d - 1,
      samples: samples)
    let parts = [
      h, tau, tau * d / Double(n), (d * tau * h * samples / Double(n)).squareRoot(), h * samples / Double(n),
    ]
    // s = (2 τ ω + 4 τ h S ω/s + 2 h S)/n: at most the sum of the parts with constants 2, and at least each.
    #expect(time >= parts.max()! * 0.99 && time <= 2 * parts.reduce(0, +))
  }

  /// s* solves its equation; slow workers are left out.
  @Test func equilibriumOfUnequalWorkers() {
    let (h, tau, omega, samples) = ([1.0, 1, 2, 1e6], [0.1, 0.2, 0.1, 1e6], 9.0, 50.0)
    let time = UnequalWorkers.equilibriumTime(
      gradientSeconds: h, packetSeconds: tau, variance: omega, samples: samples)
    let sum = (0..<3).reduce(0.0) {
      $0 + 1 / (2 * tau[$1] * omega + 4 * tau[$1] * h[$1] * samples * omega / time + 2 * h[$1] * samples)
    }
    #expect(abs(time * sum - 1) < 1e-9)  // 60 halvings of 60 binary orders
    // Brute force over j gives the same.
    #expect(
      UnequalWorkers.equilibriumTime(
        gradientSeconds: Array(h.prefix(3)), packetSeconds: Array(tau.prefix(3)), variance: omega, samples: samples)
        == time)
  }

  @Test func rennalaLeavesSlowWorkersOut() {
    // R (1 + S) h for one; equal workers: h R (1 + S/n).
    #expect(abs(UnequalWorkers.rennalaTime(gradientSeconds: [2], rounds: 5, samples: 3) - 40) < 1e-12)
    #expect(
      abs(UnequalWorkers.rennalaTime(gradientSeconds: [2, 2, 2], rounds: 5, samples: 3) - 20) < 1e-12)
    let two = UnequalWorkers.rennalaTime(gradientSeconds: [2, 2], rounds: 5, samples: 3)
    #expect(UnequalWorkers.rennalaTime(gradientSeconds: [1e9, 2, 2], rounds: 5, samples: 3) == two)
  }
}
