import ArgumentParser
import Arrays
import Distributed
import Foundation
import MPIRanks

/// What a step of `descent train` on many ranks takes on paper, with messages as two ranks here measure them.
struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Measures messages between two ranks, and says how long a step of descent train takes on many, on paper.",
    discussion: """
      mpirun -n 2 descent-ranks scaling --parameters 535818 --h 0.0001 --batch 1024
      Star: the server and its workers on the virtual clock, all links at the same time. Tree: what descent train does, a sum up \
      a binary tree of ranks and the mean down again; compressed, all packets go to all.
      """)

  @Option(help: "Numbers of a gradient, float32.") var parameters = 535_818
  @Option(name: .customLong("h"), help: "Seconds a gradient of one example.") var gradientSeconds: Double
  @Option(help: "Examples of a batch, of all ranks together.") var batch = 1024
  @Option(help: "Share of a gradient that a compressor sends.") var share = 0.01
  @Option(help: "The most ranks.") var ranks = 1024
  @Option(help: "Round trips of which the shortest counts.") var repeats = 30

  func validate() throws {
    guard parameters > 0, gradientSeconds > 0, gradientSeconds.isFinite, batch > 0, ranks > 0, repeats > 0,
      share > 0, share < 1
    else { throw ValidationError("Counts and seconds are positive, and the share is between 0 and 1.") }
    guard max(batch, ranks, repeats) <= RanksCommand.mostCount, parameters <= 10_000_000_000 else {
      throw ValidationError(
        "Counts are at most \(RanksCommand.mostCount), numbers of a gradient at most 10000000000.")
    }
  }

  func run() throws {
    let channel = try MPIChannel()
    guard channel.size == 2 else {
      channel.finish()
      throw DistributedError("messages are measured between two ranks: mpirun -n 2 descent-ranks scaling")
    }
    let short = try oneWay(channel, bytes: 9)
    let long = try oneWay(channel, bytes: 9 + 4 * parameters)
    channel.finish()
    guard channel.rank == 0 else { return }
    let (latency, tau) = (short, max(0, long - short) / Double(parameters))
    print(
      String(
        format: "a message: %.1f us, and %.3f ns a number (%.2f GB/s); %d numbers: %.3f ms", 1e6 * latency, 1e9 * tau,
        4e-9 / tau, parameters, 1e3 * long))
    print("ranks,examples a rank,star,star sparse,tree,tree sparse,speed-up of the tree")
    let single = Double(batch) * gradientSeconds
    var n = 1
    while n <= min(ranks, batch) {
      let (whole, sparse) = (Double(parameters) * tau, share * Double(parameters) * tau)
      let examples = (batch + n - 1) / n
      let computing = Double(examples) * gradientSeconds
      let star = try simulated(n, examples, down: latency + whole, up: latency + whole)
      let sparseStar = try simulated(n, examples, down: latency + whole, up: latency + sparse)
      // Levels of the tree of ranks; what is gathered doubles from level to level, and then goes down as a whole.
      let levels = (0..<n.bitWidth).first { 1 << $0 >= n }!
      let tree = computing + Double(2 * levels) * (latency + whole)
      let gathering = (0..<levels).reduce(0.0) { $0 + latency + Double(1 << $1) * sparse }
      let sparseTree = computing + gathering + Double(levels) * (latency + Double(n) * sparse)
      let seconds = (n == 1 ? [single, single, single, single] : [star, sparseStar, tree, sparseTree])
      print(
        "\(n),\(examples)," + seconds.map { String(format: "%.6f", $0) }.joined(separator: ",")
          + String(format: ",%.2f", single / seconds[2]))
      n *= 2
    }
  }

  /// Seconds of a message from one rank to the other: half of the shortest round trip, waiting as `descent train` does.
  private func oneWay(_ channel: MPIChannel, bytes count: Int) throws -> Double {
    let (clock, message) = (MonotonicClock(), [UInt8](repeating: 1, count: count))
    func receive() throws {
      while try channel.poll() == nil { clock.sleep(seconds: 1e-5) }
    }
    var best = Double.infinity
    for _ in 0..<repeats {
      let start = clock.now
      if channel.rank == 0 {
        try channel.send(message, to: 1)
        try receive()
      } else {
        try receive()
        try channel.send(message, to: 0)
      }
      while !channel.hasSentAll { clock.sleep(seconds: 0) }  // asking drives it, and a look would take the next message
      best = min(best, (clock.now - start) / 2)
    }
    return best
  }

  /// Seconds of a step of synchronous descent on the virtual clock, where one vector costs so much on a link.
  private func simulated(_ workers: Int, _ examples: Int, down: Double, up: Double) throws -> Double {
    let dimension = 16  // stands for the gradient: a vector's seconds are given
    let cluster = Cluster(
      workers: workers, gradientSeconds: gradientSeconds, downlinkSeconds: down / Double(dimension),
      uplinkSeconds: up / Double(dimension))
    let record = try DistributedDescent.simulate(
      BatchDescent(batch: examples), on: TridiagonalQuadratic(dimension: dimension), cluster,
      goal: Goal(accuracy: 1e-30, rounds: 4), key: RandomKey(seed: 0))
    return record.seconds / Double(record.rounds)
  }
}
