import Experiments
import Testing
import Training

@Suite struct AugmentationTests {
  @Test(arguments: [
    ("crop 4, flip", "crop 4, flip"), ("flip,crop 12", "crop 12, flip"), (" crop  2 ", "crop 2"), ("flip", "flip"),
    ("none", "none"), ("crop 4 flip", "crop 4, flip"), ("flip crop 1", "crop 1, flip"),
  ])
  func textIsReadAndSaidAgain(_ text: String, _ expected: String) throws {
    let augmentation = try Augmentation(text)
    #expect(augmentation.text == expected)
    #expect(try Augmentation(augmentation.text) == augmentation)
  }

  @Test(arguments: [
    ("", "augmented by crop, flip or both"), (" , ", "augmented by crop, flip or both"), ("crop", "how many zeros"),
    ("crop 0", "how many zeros"), ("crop -1", "how many zeros"), ("crop flip", "how many zeros"), ("crop 4 4", "by 4"),
    ("crop 1, crop 2", "told once"), ("flip 2", "by 2"), ("flip, flip", "said once"), ("none, flip", "stands alone"),
    ("flip, none", "stands alone"), ("none none", "stands alone"), ("flp", "did you mean flip?"),
    ("crop 99999999999999999999", "how many zeros"), ("(crop 4, flip)", "cannot be augmented by (crop"),
  ])
  func mistakesAreNamed(_ text: String, _ hint: String) {
    #expect { try Augmentation(text) } throws: { "\($0)".contains(hint) }
  }
}
