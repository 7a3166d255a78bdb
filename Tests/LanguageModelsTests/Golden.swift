import Foundation
import LanguageModels

/// The model SmolLM2-135M-Instruct, where its file is at hand: named by DESCENT_SMOLLM2, or in the
/// folder of data sets.
enum Golden {
  static let path: String? = {
    let environment = ProcessInfo.processInfo.environment
    let folders = [environment["DESCENT_DATA"], environment["HOME"].map { $0 + "/.cache/descent" }].compactMap { $0 }
    let named = environment["DESCENT_SMOLLM2"].flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    return named ?? KnownModel.all[0].path(in: folders)
  }()
  static let reason = "smollm2 is not here: \(KnownModel.all[0].instructions), and set DESCENT_DATA to DIR"

  static let sentence =
    "The old lighthouse keeper wrote a letter to his sister every week, and she kept all of the letters in a small wooden"
  static let tokens: [Int32] = [
    504, 1573, 33059, 40061, 4150, 253, 4386, 288, 650, 10243, 897, 2605, 28, 284, 1041, 5454, 511, 282, 260, 5073, 281,
    253, 1165, 10091,
  ]
  /// Largest logits after the sentence.
  static let logits: [(token: Int, value: Double)] = [
    (3985, 20.47951), (8349, 16.45627), (1650, 16.41492), (16533, 13.73963), (1671, 13.63615),
  ]
  static let continuation: [Int32] = [
    3985, 30, 2306, 5454, 601, 281, 253, 1767, 3985, 338, 436, 805, 327, 1573, 22088, 30, 2306, 5454, 601, 281,
  ]
  static let ids: [(String, [Int32])] = [
    ("Hello, world!", [19556, 28, 905, 17]),
    ("  two leading spaces and trailing  ", [216, 827, 2899, 5600, 284, 35079, 256]),
    ("Tab\tnew\nlines\n\n\nend", [30064, 197, 2241, 198, 5110, 1116, 198, 486]),
    (
      "In 2026, 1,234.56 = 7²?",
      [788, 216, 34, 32, 34, 38, 28, 216, 33, 28, 34, 35, 36, 30, 37, 38, 446, 216, 39, 19133, 47]
    ),
    ("naïve café — “quotes” isn't", [3546, 46494, 37366, 1841, 619, 385, 2346, 573, 3247, 982]),
    ("🙂👍🏽 emoji", [10813, 38887, 10813, 235, 231, 10813, 233, 138, 649, 33777]),
    ("def f(x):\n    return x**2 + 1\n", [1604, 275, 24, 104, 727, 472, 1003, 1792, 828, 34, 1232, 216, 33, 198]),
    ("你好，世界。数学", [18645, 250, 48392, 138, 12831, 7906, 240, 178, 239, 230, 19076, 18265, 18753, 116]),
    ("<|im_start|>user\nHi<|im_end|>\n", [1, 4093, 198, 26843, 2, 198]),
    (
      "Ünïcødé ½ Ⅷ ٣ a\u{a0}b\r\n",
      [
        142, 246, 94, 25972, 83, 21817, 84, 2756, 216, 16738, 216, 173, 223, 117, 216, 164, 113, 253, 15442, 82, 2738,
      ]
    ),
  ]
}
