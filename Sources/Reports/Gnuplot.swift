import Foundation
import SystemFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A report cannot be made.
public struct ReportError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Draws plots as SVG by gnuplot, which must be on the PATH.
public struct Gnuplot: Sendable {
  private let executable: String

  /// - Throws: `ReportError` saying how to install gnuplot.
  public init(searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "") throws {
    let candidates = searchPath.split(separator: ":").map { String($0) + "/gnuplot" }
    guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw ReportError("gnuplot is not here: apt-get install gnuplot-nox, or brew install gnuplot")
    }
    executable = found
  }

  /// One SVG element.
  ///
  /// - Throws: `ReportError` with gnuplot's complaint.
  public func draw(_ plot: Plot) throws -> String {
    // Files, not pipes: a pipe holds only so much, and one that gnuplot closed early would end this process.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("descent-plot-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.checkDescriptors()
    let (script, complaints) = (folder.appendingPathComponent("script"), folder.appendingPathComponent("complaints"))
    let drawing = folder.appendingPathComponent("drawing")
    try Data(PlotScript(plot).text.utf8).write(to: script)
    for file in [complaints, drawing] { try Data().write(to: file) }

    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = ["script"]
    process.currentDirectoryURL = folder
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: drawing)
    process.standardError = try FileHandle(forWritingTo: complaints)
    do { try process.run() } catch {
      throw ReportError("gnuplot cannot be started: \(error.plainReason)")
    }
    process.waitUntilExit()
    let text = String(decoding: try Data(contentsOf: drawing), as: UTF8.self)
    let complaint = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
    guard process.terminationStatus == 0, let start = text.range(of: "<svg"), text.contains("</svg>") else {
      throw ReportError("gnuplot could not draw \(plot.name): \(complaint.prefix(400))")
    }
    return Self.scoped(text[start.lowerBound...].trimmingCharacters(in: .whitespacesAndNewlines), plot.name)
  }

  /// `Process` ends this process where it finds no descriptor for itself.
  private static func checkDescriptors() throws {
    let free = (0..<descriptorCount).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
    for descriptor in free where descriptor >= 0 { close(descriptor) }
    guard !free.contains(where: { $0 < 0 }) else {
      throw ReportError("too few files may be open at once to call gnuplot: ulimit -n 64 or more")
    }
  }

  /// More than a process takes here, with its files.
  private static let descriptorCount = 16

  /// Gives the names inside a plot its own prefix: each is unique in a page of several.
  private static func scoped(_ svg: String, _ name: String) -> String {
    svg.replacing("id='", with: "id='\(name)-").replacing("id=\"", with: "id=\"\(name)-")
      .replacing("href='#", with: "href='#\(name)-").replacing("url(#", with: "url(#\(name)-")
  }
}
