import Foundation
import Testing

/// Code in the catalogues (`Sources/X/X.docc`) stands, word for word, in a file that is compiled: the last one that the
/// article names before it, or `LandingPageTests` where it names none.
@Suite struct TutorialTests {
  static let root = URL(fileURLWithPath: Command.package)

  static let articles: [URL] = FileManager.default.enumerator(
    at: root.appending(path: "Sources"), includingPropertiesForKeys: nil)!
    .compactMap { $0 as? URL }.filter { $0.pathExtension == "md" && $0.path.contains(".docc/") }
    .sorted { $0.path < $1.path }

  struct Block {
    var file: String
    var language: String
    var lines: [Substring] = []
  }

  /// The code blocks of an article, each with the file it is said to be from.
  static func blocks(_ text: String) -> [Block] {
    var (blocks, open, file): ([Block], Block?, String) = ([], nil, "Tests/DescentCommandTests/LandingPageTests.swift")
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let block = open { blocks.append(block) }
        open = open == nil ? Block(file: file, language: String(line.dropFirst(3))) : nil
      } else if open != nil {
        open!.lines.append(line)
      } else {
        for match in line.matches(of: /`([A-Za-z]+\/[A-Za-z0-9_+\/.-]+\.(?:swift|h))`/) { file = String(match.1) }
      }
    }
    return blocks
  }

  /// A file's lines one after the other, without indentation and empty lines.
  static func plain(_ lines: [Substring]) -> String {
    lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  /// What is wrong with a block; nil where it is right.
  static func fault(_ block: Block) throws -> String? {
    switch block.language {
    case "sh", "text": return nil
    case "swift", "c": break
    default: return "a block says that its language is \"\(block.language)\""
    }
    guard let source = try? String(contentsOf: root.appending(path: block.file), encoding: .utf8) else {
      return "\(block.file) is not there"
    }
    let known = "\n" + plain(source.split(separator: "\n"))
    return known.contains("\n" + plain(block.lines))
      ? nil : "not in \(block.file):\n\(block.lines.joined(separator: "\n"))"
  }

  @Test(arguments: articles) func codeIsThatOfCompiledFiles(_ article: URL) throws {
    for block in Self.blocks(try String(contentsOf: article, encoding: .utf8)) {
      let fault = try Self.fault(block)
      #expect(fault == nil, "\(article.lastPathComponent): \(fault ?? "")")
    }
  }

  /// Files of examples are compiled by the tests through links; what else is quoted is part of the package.
  @Test func quotedFilesAreCompiled() throws {
    let tests = FileManager.default.enumerator(at: Self.root.appending(path: "Tests"), includingPropertiesForKeys: nil)!
      .compactMap { ($0 as? URL)?.resolvingSymlinksInPath().path }
    let files = try Set(Self.articles.flatMap { Self.blocks(try String(contentsOf: $0, encoding: .utf8)).map(\.file) })
    #expect(files.count > 10)
    for file in files where file.hasPrefix("Examples/") {
      let path = Self.root.appending(path: file).resolvingSymlinksInPath().path
      #expect(tests.contains(path), "no link in Tests to \(file)")
    }
  }

  /// Every library has a landing page with code, and the three tutorials are there.
  @Test func everyLibraryHasItsPage() throws {
    let names = Set(Self.articles.map { $0.deletingPathExtension().lastPathComponent })
    let libraries = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
      .filter {
        ![
          "CImages", "CKernels", "CMPI", "COneDNN", "COpenBLAS", "COpenMPI", "CSQLite", "CZlib", "DescentCommand",
          "Preconditions", "RanksCommand", "TestSupport",
        ].contains($0) && !$0.hasPrefix(".")
      }
    for name in libraries + ["AddAnOperation", "AddATransformation", "AddAnExperiment"] {
      #expect(names.contains(name), "no page \(name)")
    }
    for article in Self.articles {
      #expect(!Self.blocks(try String(contentsOf: article, encoding: .utf8)).isEmpty, "\(article.path) shows no code")
    }
  }

  @Test func staleCodeIsFound() throws {
    let text =
      "In `Sources/Graphs/Elementary.swift`:\n```swift\npublic func erf(_ x: Tensor) -> Tensor { x.unary(.erfc) }\n```\n"
    #expect(try Self.blocks(text).compactMap(Self.fault).count == 1)
    #expect(try Self.blocks(text.replacing(".erfc", with: ".erf")).compactMap(Self.fault).isEmpty)
    #expect(try Self.fault(Self.blocks("```\nx\n```\n")[0]) != nil)
  }
}
