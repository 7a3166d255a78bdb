import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run ran on.
public enum RunEnvironment {
  /// The version of this library and of the program `descent`.
  public static let version = "0.1.0"

  /// Facts about the machine, the libraries, this program and the working directory that the command was given in, as JSON.
  ///
  /// The commit that the program was built from is "unknown": the package manager does not tell it to a build. That of the
  /// working directory, `workingDirectoryRevision`, is the user's own, and left out where there is none.
  ///
  /// - Parameter threads: of a descent whose last bits depend on them; nil where none do.
  public static func json(
    libraries: [String: String], commandLine: [String], date: String, threads: Int? = nil
  ) -> String {
    let info = ProcessInfo.processInfo
    var facts: [String: Any] = [
      "system": info.operatingSystemVersionString, "cores": info.activeProcessorCount,
      "memoryBytes": info.physicalMemory, "libraries": libraries, "commandLine": commandLine, "date": date,
      "descentVersion": version, "descentRevision": "unknown",
    ]
    if let threads { facts["threads"] = threads }
    if let model = processorModel() { facts["processor"] = model }
    if let revision = gitRevision() { facts["workingDirectoryRevision"] = revision }
    let data = try? JSONSerialization.data(
      withJSONObject: facts, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
  }

  /// The threads that a file made by `json` names; nil where it names none.
  package static func threads(in path: String) -> Int? {
    let facts = FileManager.default.contents(atPath: path).flatMap { try? JSONSerialization.jsonObject(with: $0) }
    return (facts as? [String: Any])?["threads"] as? Int
  }

  /// The processor's name; family and model where a virtual machine tells no more than the brand.
  package static var processor: String {
    guard let model = processorModel() else { return "an unknown processor" }
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return model }
    func field(_ name: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(name) && !$0.hasPrefix("model name") }?.split(separator: ":")
        .last
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard let family = field("cpu family"), let number = field("model") else { return model }
    return "\(model) family \(family) model \(number)"
  }

  private static func processorModel() -> String? {
    #if canImport(Darwin)
      return systemText("machdep.cpu.brand_string")
    #else
      guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
      let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    #endif
  }

  #if canImport(Darwin)
    private static func systemText(_ name: String) -> String? {
      var size = 0
      guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 1 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  #endif

  /// The commit that a folder, or one above it, has checked out, read from its files; nil where there is none.
  public static func gitRevision(at folder: String = FileManager.default.currentDirectoryPath) -> String? {
    func text(_ path: String) -> String? {
      (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var place = URL(fileURLWithPath: folder).standardizedFileURL
    while place.path != "/" {
      let git = place.appendingPathComponent(".git").path
      // In a second working tree .git is a file that names the folder.
      let home = text(git).map { String($0.dropFirst("gitdir: ".count)) } ?? git
      if let head = text(home + "/HEAD") {
        guard head.hasPrefix("ref: ") else { return head }
        let reference = String(head.dropFirst("ref: ".count))
        let shared = text(home + "/commondir").map { $0.hasPrefix("/") ? $0 : home + "/" + $0 } ?? home
        if let revision = text(shared + "/" + reference) { return revision }
        let packed = text(shared + "/packed-refs")?.split(separator: "\n").first { $0.hasSuffix(" " + reference) }
        return packed.map { String($0.prefix { $0 != " " }) }
      }
      place.deleteLastPathComponent()
    }
    return nil
  }

  /// The largest memory that this process has held, in bytes, where the system tells.
  public static func peakMemory() -> Int? {
    #if canImport(Darwin)
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : nil
    #else
      // getrusage would count what the parent held before this program was loaded.
      guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }),
        let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
      else { return nil }
      return kilobytes * 1024
    #endif
  }
}
