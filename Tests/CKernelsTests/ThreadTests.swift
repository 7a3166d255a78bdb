import CKernels
import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite(.serialized) struct ThreadTests {
  private func withThreads<Result>(_ count: Int32, _ body: () -> Result) -> Result {
    let before = ck_thread_count()
    defer { ck_set_thread_count(before) }
    ck_set_thread_count(count)
    return body()
  }

  /// How often each item was worked on.
  private final class Tally: @unchecked Sendable {
    let counts: UnsafeMutablePointer<Int32>
    let count: Int
    init(_ count: Int) {
      self.count = count
      counts = .allocate(capacity: count)
      counts.initialize(repeating: 0, count: count)
    }
    deinit { counts.deallocate() }

    func run(grain: Int64, pieces: Int32 = Int32(CK_PIECES)) {
      ck_parallel_for_in_pieces(
        Int64(count), grain, pieces,
        { context, begin, end in
          let tally = Unmanaged<Tally>.fromOpaque(context!).takeUnretainedValue()
          for item in begin..<end { tally.counts[Int(item)] += 1 }
        }, Unmanaged.passUnretained(self).toOpaque())
    }

    func isEverywhere(_ value: Int32) -> Bool { (0..<count).allSatisfy { counts[$0] == value } }
  }

  @Test(arguments: [1, 2, 3, 16]) func eachItemIsDoneOnce(_ threads: Int32) {
    withThreads(threads) {
      for count in [1, 2, 5, 16, 1000] {
        let tally = Tally(count)
        for round in 0..<200 { tally.run(grain: 1, pieces: Int32(round % 6)) }
        #expect(tally.isEverywhere(200), "\(count) items on \(threads) threads")
      }
    }
  }

  /// Whether, in one of so many attempts on sixteen items, the threads were free: where tests beside this one use them, nobody helps.
  private func comesAbout<T>(_ attempts: Int, _ empty: T, _ attempt: (UnsafeMutablePointer<T>) -> Bool) -> Bool {
    let items = UnsafeMutablePointer<T>.allocate(capacity: 16)
    defer { items.deallocate() }
    return withThreads(2) {
      for _ in 0..<attempts {
        items.initialize(repeating: empty, count: 16)
        if attempt(items) { return true }
        usleep(100)
      }
      return false
    }
  }

  /// Of fewer pieces the first is the larger, the last an eighth of a share still.
  @Test(arguments: [1: [8], 2: [7, 1], 3: [6, 1, 1], 4: [4, 2, 1, 1]])
  func fewerPieces(_ wanted: Int32, _ lengths: [Int]) {
    // By item: the length of the piece that begins there.
    let isShared = comesAbout(1000, 0) { begun in
      ck_parallel_for_in_pieces(
        16, 1, wanted,
        { context, begin, end in context!.assumingMemoryBound(to: Int.self)[Int(begin)] = Int(end - begin) }, begun)
      guard begun[0] < 16 else { return false }
      #expect((0..<16).map { begun[$0] }.filter { $0 > 0 } == lengths + lengths)
      return true
    }
    #expect(isShared)
  }

  #if os(Linux)
    /// A thread whose share takes long is helped by one that is done.
    @Test func pieces() {
      // By item: which thread did it.
      let isHelped = comesAbout(200, pthread_t(0)) { workers in
        ck_parallel_for(
          16, 1,
          { context, begin, end in
            let workers = context!.assumingMemoryBound(to: pthread_t.self)
            for item in begin..<end {
              if item < 8 { usleep(2000) }
              workers[Int(item)] = pthread_self()
            }
          }, workers)
        let all = (0..<16).map { workers[$0] }
        // The first four are one piece.
        #expect(!all.contains(0) && Set(all.prefix(4)).count == 1, "\(all)")
        // The last of the slow share, a piece of one item, is taken by the other thread.
        return all[7] != all[0]
      }
      #expect(isHelped)
    }
  #endif

  /// Threads sleep when there is nothing to do, and wake up for more.
  @Test func workAfterAPause() {
    withThreads(3) {
      let tally = Tally(6)
      for _ in 0..<20 {
        tally.run(grain: 1)
        usleep(1000)
      }
      #expect(tally.isEverywhere(20))
    }
  }

  /// Several threads ask at once; those that find the others busy work alone.
  @Test func callersShareTheThreads() async {
    let tallies = await withTaskGroup(of: Tally.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let tally = Tally(64)
          withThreads(3) { for _ in 0..<300 { tally.run(grain: 1) } }
          return tally
        }
      }
      return await group.reduce(into: [Tally]()) { $0.append($1) }
    }
    #expect(tallies.allSatisfy { $0.isEverywhere(300) })
  }

  /// A kernel within a kernel.
  @Test func workWithinWork() {
    let inner = (0..<4).map { _ in Tally(10) }
    withExtendedLifetime(inner) {
      inner.withUnsafeBufferPointer { pointer in
        var base = pointer.baseAddress!
        ck_parallel_for(
          4, 1,
          { context, begin, end in
            let tallies = context!.load(as: UnsafePointer<Tally>.self)
            for item in begin..<end { tallies[Int(item)].run(grain: 1) }
          }, &base)
      }
    }
    #expect(inner.allSatisfy { $0.isEverywhere(1) })
  }

  @Test(arguments: [
    ("max 100000", 0), ("100000 100000", 1), ("150000 100000", 2), ("20000 100000", 1), ("400000 100000\n", 4),
    ("-1 100000", 0), ("", 0), ("100000", 0), ("5 0", 0),
  ]) func coresOfAQuota(_ text: String, _ cores: Int32) {
    #expect(ck_cores_of_quota(text) == cores)
  }

  #if os(Linux)
    /// What a file of memberships says, limits by their files, and the cores that are left.
    struct Groups: CustomTestStringConvertible {
      var memberships: String
      var limits: [String: String]
      var cores: Int32
      init(_ memberships: String, _ limits: [String: String], _ cores: Int32) {
        (self.memberships, self.limits, self.cores) = (memberships, limits, cores)
      }
      var testDescription: String { memberships.prefix(40) + ": \(cores)" }
    }

    // One at a time: as one literal they take the compiler too long.
    static let groups: [Groups] = {
      var all: [Groups] = []
      all.append(Groups("0::/a/b", ["a/b/cpu.max": "300000 100000", "a/cpu.max": "max 100000"], 3))
      all.append(Groups("0::/a/b", ["a/b/cpu.max": "300000 100000", "a/cpu.max": "200000 100000"], 2))
      all.append(Groups("0::/a/b", ["cpu.max": "100000 100000", "c/cpu.max": "50000 100000"], 1))
      all.append(Groups("0::/a/b", ["c/cpu.max": "100000 100000"], 0))
      all.append(Groups("0::/", ["cpu.max": "400000 100000"], 4))
      // A container whose own group is mounted as the root, while it is told the name on the host.
      all.append(Groups("0::/host/name", ["cpu.max": "150000 100000"], 2))
      all.append(
        Groups(
          "12:cpuset:/x\n4:cpu,cpuacct:/a\n0::/",
          ["cpu/a/cpu.cfs_quota_us": "250000", "cpu/a/cpu.cfs_period_us": "100000"], 3))
      all.append(
        Groups(
          "4:cpuacct,cpu:/a/b",
          [
            "cpu/a/b/cpu.cfs_quota_us": "-1", "cpu/a/b/cpu.cfs_period_us": "100000", "cpu/a/cpu.cfs_quota_us": "100000",
            "cpu/a/cpu.cfs_period_us": "100000",
          ], 1))
      all.append(Groups("4:cpuset:/a", ["cpu/a/cpu.cfs_quota_us": "100000", "cpu/a/cpu.cfs_period_us": "100000"], 0))
      all.append(Groups("nonsense", ["cpu.max": "100000 100000"], 0))
      // The rest of a line that is too long is no line.
      all.append(
        Groups("1:name=systemd:/" + String(repeating: "x", count: 4079) + "0::/a\n", ["a/cpu.max": "100000 100000"], 0))
      return all
    }()

    /// Limits of groups and of those around them, in both versions; a limit of a group elsewhere says nothing.
    @Test(arguments: groups) func coresOfControlGroups(_ groups: Groups) throws {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("groups-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      for (path, text) in groups.limits.merging(["memberships": groups.memberships + "\n"], uniquingKeysWith: { $1 }) {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((text + "\n").utf8).write(to: file)
      }
      #expect(ck_cores_of_groups(folder.path + "/memberships", folder.path) == groups.cores)
      #expect(ck_cores_of_groups(folder.path + "/none", folder.path) == 0)
    }

    /// A thread that may run on one core has one, and has the others back afterwards.
    @Test func coresOfAnAffinity() throws {
      // Swift sees no functions of GNU's own.
      typealias Affinity = @convention(c) (Int32, Int, UnsafeMutableRawPointer) -> Int32
      let get = unsafeBitCast(try #require(dlsym(nil, "sched_getaffinity")), to: Affinity.self)
      let set = unsafeBitCast(try #require(dlsym(nil, "sched_setaffinity")), to: Affinity.self)
      var all = [UInt64](repeating: 0, count: 64)
      #expect(get(0, all.count * 8, &all) > 0 || all.contains { $0 != 0 })
      let cores = ck_available_cores()
      let word = all.firstIndex { $0 != 0 }!
      var one = all.map { _ in UInt64(0) }
      one[word] = all[word] & (~all[word] &+ 1)
      #expect(set(0, one.count * 8, &one) == 0)
      #expect(ck_available_cores() == 1)
      #expect(set(0, all.count * 8, &all) == 0)
      #expect(ck_available_cores() == cores && cores >= 1)
    }
  #endif
}
