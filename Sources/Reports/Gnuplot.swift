import Foundation

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
    let (script, complaints) = (folder.appendingPathComponent("script"), folder.appendingPathComponent("complaints"))
    try Data(PlotScript(plot).text.utf8).write(to: script)
    try Data().write(to: complaints)

    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = ["script"]
    process.currentDirectoryURL = folder
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: complaints)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let complaint = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
    guard process.terminationStatus == 0, let start = text.range(of: "<svg"), text.contains("</svg>") else {
      throw ReportError("gnuplot could not draw \(plot.name): \(complaint.prefix(400))")
    }
    return Self.scoped(text[start.lowerBound...].trimmingCharacters(in: .whitespacesAndNewlines), plot.name)
  }

  /// Gives the names inside a plot its own prefix: each is unique in a page of several.
  private static func scoped(_ svg: String, _ name: String) -> String {
    svg.replacing("id='", with: "id='\(name)-").replacing("id=\"", with: "id=\"\(name)-")
      .replacing("href='#", with: "href='#\(name)-").replacing("url(#", with: "url(#\(name)-")
  }
}
