import Distributed
import Training

/// What each part of a batch sends of its gradient: unbiased, so that the mean's mean is the gradient's.
///
/// Biased compressors, as TopK, need a memory of what was left out, which a training state does not have.
public struct GradientCompression: Hashable, Sendable, CustomStringConvertible {
  private enum Kind: String, CaseIterable { case randk, permk }

  private let kind: Kind
  private let share: Double

  /// Reads `randk:SHARE`, which sends that share of a gradient's numbers, drawn at random, times its inverse; or `permk`, which
  /// deals them out among the parts.
  ///
  /// - Throws: `SettingsError` for anything else.
  public init(_ text: String) throws {
    let words = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let names = Kind.allCases.map(\.rawValue)
    if words[0] == "topk" {
      throw SettingsError(
        "topk is biased and needs a memory of what was left out; \(names.joined(separator: " and ")) are not")
    }
    guard let kind = Kind(rawValue: words[0]) else {
      throw SettingsError("there is no compressor \(words[0]); \(NearestName.hint(words[0], among: names))")
    }
    self.kind = kind
    switch kind {
    case .randk:
      guard words.count == 2, let share = Double(words[1]), share > 0, share < 1 else {
        throw SettingsError("randk is told the share that it sends, between 0 and 1: randk:0.01")
      }
      self.share = share
    case .permk:
      guard words.count == 1 else { throw SettingsError("permk takes no number: each part sends its share") }
      share = 1
    }
  }

  public var description: String { kind == .randk ? "randk:\(share)" : "permk" }

  /// That of gradients with so many numbers, each batch in so many parts.
  func compressor(dimension: Int, shards: Int) -> any Compressor {
    switch kind {
    case .randk: RandK(max(1, Int((share * Double(dimension)).rounded())))
    case .permk: PermK(workers: shards)
    }
  }
}
