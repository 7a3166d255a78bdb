import Foundation
import RunLogs
import TestSupport
import Testing

@Suite struct AvailableMemoryTests {
  private let folder = TemporaryFolder()

  private func write(_ text: String, _ path: String) throws {
    let url = URL(fileURLWithPath: folder.path + "/" + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private var available: Int? { AvailableMemory.byteCount(root: folder.path + "/") }

  @Test func theKernelSays() throws {
    #expect(available == nil)
    try write("MemTotal:  100 kB\nMemAvailable:   70 kB\n", "proc/meminfo")
    #expect(available == 70 * 1024)
  }

  /// The least of what a group and those above it leave; files that may be dropped count as free.
  @Test(arguments: [
    ("0::/a/b\n", "", "memory.max", "memory.current", "inactive_file"),
    (
      "5:cpu:/\n4:hugetlb,memory:/a/b\n", "memory/", "memory.limit_in_bytes", "memory.usage_in_bytes",
      "total_inactive_file"
    ),
  ])
  func groupsLimit(_ groups: String, _ tree: String, _ limit: String, _ usage: String, _ cache: String) throws {
    try write("MemAvailable: 70 kB\n", "proc/meminfo")
    try write(groups, "proc/self/cgroup")
    let group = "sys/fs/cgroup/" + tree + "a/"
    try write("max\n", group + "b/" + limit)
    try write("500\n", group + "b/" + usage)
    #expect(available == 70 * 1024)
    try write("5000\n", group + limit)
    try write("4200\n", group + usage)
    try write("anon 1\n\(cache) 300\n", group + "memory.stat")
    #expect(available == 1100)
    try write("6000\n", group + "b/" + limit)
    try write("5900\n", group + "b/" + usage)
    #expect(available == 100)
    try write("5000\n", group + "b/" + limit)
    #expect(available == 0)
  }

  @Test func thisMachineHasSome() { #expect(AvailableMemory.byteCount > 1_000_000) }
}
