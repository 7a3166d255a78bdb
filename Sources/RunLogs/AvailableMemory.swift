import Foundation

/// Memory that this process can still take, by what the kernel counts as free and by the limits of its control groups.
public enum AvailableMemory {
  /// In bytes; all that the machine has where the system does not say more.
  public static var byteCount: Int { byteCount(root: "/") ?? Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  /// - Parameter root: where `proc` and `sys` lie.
  package static func byteCount(root: String) -> Int? {
    let free = fields(root + "proc/meminfo")["MemAvailable:"].map { $0 * 1024 }
    return ([free].compactMap { $0 } + leftInGroups(root)).min()
  }

  /// What the limit of each group that this process is in leaves: version 2 has one tree of groups, version 1 one for memory.
  private static func leftInGroups(_ root: String) -> [Int] {
    guard let text = try? String(contentsOfFile: root + "proc/self/cgroup", encoding: .utf8) else { return [] }
    return text.split(separator: "\n").flatMap { line -> [Int] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let mount = root + "sys/fs/cgroup"
      if parts[1].isEmpty {
        return left(mount, parts[2], limit: "memory.max", usage: "memory.current", cache: "inactive_file")
      }
      guard parts[1].split(separator: ",").contains("memory") else { return [] }
      return left(
        mount + "/memory", parts[2], limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
        cache: "total_inactive_file")
    }
  }

  private static func left(
    _ mount: String, _ group: Substring, limit: String, usage: String, cache: String
  ) -> [Int] {
    var path = String(group)
    var result: [Int] = []
    // A container sees its own group as the root of the mount, so the path above it may not be there.
    while true {
      let folder = mount + (path == "/" ? "" : path)
      if let most = number(folder + "/" + limit), let used = number(folder + "/" + usage) {
        // Files that were read and may be dropped count as used.
        result.append(max(most - max(used - (fields(folder + "/memory.stat")[cache] ?? 0), 0), 0))
      }
      guard !path.isEmpty, path != "/" else { return result }
      path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
  }

  private static func number(_ path: String) -> Int? {
    (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  /// Lines of a name and a number.
  private static func fields(_ path: String) -> [String: Int] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
    return text.split(separator: "\n").reduce(into: [:]) { result, line in
      let parts = line.split(separator: " ")
      if parts.count > 1, let value = Int(parts[1]) { result[String(parts[0])] = value }
    }
  }
}
