/// Known ways to descend, each with a range of its rate: arms to set a method of one's own beside.
///
/// The ranges are our choice: two to four orders around what is usual for small networks. A range that ends too early makes its
/// pairs not applicable, and says so. All other options are the stages' own: nothing decays weights but `adamw`, by 0.01, and no rate
/// follows a schedule, where papers have warm-ups and falling rates.
public enum ComparedPanel: String, CaseIterable, Sendable {
  /// SGD with momentum, Adam and AdamW.
  case few
  /// Thirteen, from plain descent to descents that estimate their rate.
  case common
  /// Adam, and nine that were proposed beside it since 2018: of matrices, of curvature, of means.
  case recent

  /// As `ComparedArm` reads them.
  public var arms: [String] {
    switch self {
    case .few:
      ["momentum", "adam", "adamw"].compactMap { name in Self.common.arms.first { $0.hasPrefix(name + ":") } }
    case .common:
      [
        "sgd: rate {0.01...10}", "momentum: momentum 0.9 | rate {0.001...1}",
        "nesterov: momentum 0.9 nesterov=true | rate {0.001...1}", "adagrad: adagrad | rate {0.001...1}",
        "rmsprop: rmsprop | rate {0.0001...0.1}", "adam: adam | rate {0.0001...0.1}",
        "adamw: adam | decay 0.01 | rate {0.0001...0.1}", "nadam: adam nesterov=true | rate {0.0001...0.1}",
        "radam: radam | rate {0.0001...0.1}", "adabelief: adabelief | rate {0.0001...0.1}",
        "lion: lion | rate {0.00001...0.01}", "schedulefree: schedulefree (adam beta1=0 | rate {0.0003...0.3})",
        "prodigy: prodigy | rate {0.001...10}",
      ]
    case .recent:
      // What has no rows and columns goes by Adam beside Muon.
      [
        "adam: adam | rate {0.0001...0.1}",
        "muon: groups (*/weight: momentum 0.95 nesterov=true | polar | rate {0.0003...0.3}; */bias+*/scale+*/shift: adam | rate 0.001)",
        "shampoo: shampoo | rate {0.0001...0.1}", "soap: soap | rate {0.0001...0.1}",
        "sophia: sophia | rate {0.00001...0.01}", "adahessian: adahessian | rate {0.001...1}",
        "ademamix: ademamix beta3=0.999 | rate {0.00001...0.01}", "adopt: adopt | rate {0.0001...0.1}",
        "cautious: cautious (adam) | rate {0.0001...0.1}", "dog: dog | rate {0.1...10}",
      ]
    }
  }

  /// The same for functions, whose slopes are of any size: ranges of rates are five to eight orders wide, also our choice. What pulls
  /// numbers to 0, as `adamw`, is not among them, for the minimum may lie there, nor what is for matrices: `muon`, and `shampoo`, which is Adam on lists.
  public var armsOfFunctions: [String] {
    switch self {
    case .few:
      ["momentum", "adam"].compactMap { name in Self.common.armsOfFunctions.first { $0.hasPrefix(name + ":") } }
    case .common:
      [
        "sgd: rate {1e-8...10}", "momentum: momentum 0.9 | rate {1e-8...10}",
        "nesterov: momentum 0.9 nesterov=true | rate {1e-8...10}", "adagrad: adagrad | rate {0.001...100}",
        "rmsprop: rmsprop | rate {1e-5...10}", "adam: adam | rate {1e-5...10}",
        "nadam: adam nesterov=true | rate {1e-5...10}", "radam: radam | rate {1e-8...10}",
        "adabelief: adabelief | rate {1e-5...10}", "lion: lion | rate {1e-6...1}",
        "schedulefree: schedulefree (adam beta1=0 | rate {1e-4...100})", "prodigy: prodigy | rate {0.001...100}",
      ]
    case .recent:
      [
        "adam: adam | rate {1e-5...10}", "soap: soap | rate {1e-5...10}",
        "sophia: sophia | rate {1e-6...10}", "adahessian: adahessian | rate {1e-4...10}",
        "ademamix: ademamix beta3=0.999 | rate {1e-6...1}", "adopt: adopt | rate {1e-5...10}",
        "cautious: cautious (adam) | rate {1e-5...10}", "dog: dog | rate {0.1...10}",
      ]
    }
  }

  /// Arms of one's own, and those of the panel whose names they do not have.
  ///
  /// - Parameter functions: whether they descend functions.
  /// - Throws: `SettingsError` where an arm cannot be read.
  public func joining(_ own: [String], onFunctions functions: Bool = false) throws -> [String] {
    let names = try Set(own.map { try ComparedArm($0).name.lowercased() })
    return own
      + (functions ? armsOfFunctions : arms).filter { arm in !names.contains(String(arm.prefix { $0 != ":" })) }
  }
}
