/// The words that fictitious facts are made of; our choice.
package enum FactWords {
  package static let names = """
    Adam Alan Albert Alex Alice Amanda Amy Andrea Andrew Angela Anna Anne Anthony Arthur Barbara Ben Benjamin Beth Betty \
    Bill Bob Brad Brian Bruce Carl Carol Caroline Catherine Charles Charlie Charlotte Chris Christine Clara Claire \
    Craig Daniel Dave David Dean Deborah Dennis Diana Diane Donald Dorothy Douglas Edward Eleanor Elizabeth Ellen \
    Emily Emma Eric Ethan Eva Evan Florence Frances Frank Fred Gary George Gordon Grace Graham Greg Harold Harry \
    Heather Helen Henry Howard Hugh Ian Isaac Isabel Jack Jacob Jake James Jamie Jane Janet Jason Jean Jeff Jennifer \
    Jerry Jesse Jessica Jim Joan Joe John Jon Jonathan Joseph Joshua Joyce Judith Julia Julian Julie Karen Karl Kate \
    Katherine Kathleen Keith Kelly Ken Kenneth Kevin Kim Kyle Larry Laura Lawrence Lee Leonard Lewis Liam Linda Lisa \
    Louis Louise Lucas Lucy Luke Lynn Marcus Margaret Maria Marie Mark Martha Martin Mary Matt Matthew Max Megan \
    Melissa Michael Michelle Mike Molly Nancy Natalie Nathan Neil Nicholas Nick Nicole Nina Noah Nora Norman Oliver \
    Olivia Oscar Patricia Patrick Paul Peter Philip Rachel Ralph Raymond Rebecca Richard Rick Robert Robin Roger Ron \
    Ronald Rose Ross Roy Russell Ruth Ryan Sally Sam Samuel Sandra Sara Sarah Scott Sean Sharon Simon Sophia Sophie \
    Stanley Stephen Steve Steven Stuart Susan Ted Teresa Terry Theodore Thomas Tim Timothy Todd Tom Tony Vernon \
    Victor Victoria Vincent Walter Warren Wayne Wendy William Zoe
    """.split(separator: " ").map(String.init)

  static let roles = [
    "keeper", "builder", "painter", "owner", "inventor", "guardian", "collector", "singer", "writer", "designer",
    "seller", "maker",
  ]
  static let qualities = [
    "tiny", "golden", "silent", "broken", "ancient", "blue", "hidden", "crooked", "wooden", "frozen", "giant",
    "floating",
    "purple", "hollow", "glass", "electric",
  ]
  package static let objects = [
    "window", "bridge", "lamp", "garden", "clock", "tower", "boat", "piano", "mirror", "ladder", "kitchen", "wheel",
    "statue", "tunnel", "balloon", "forest", "museum", "fountain", "train", "castle", "library", "drum", "carpet",
    "telescope", "island", "bakery", "chair", "kite", "cave", "violin",
  ]

  /// The description before the name.
  static let contexts = [
    "Famous everywhere as {d}, {n} likes to travel alone.",
    "Known to all as {d}, {n} lives near the sea.",
    "Being {d}, {n} gets up early every day.",
    "{d} is called {n}.",
    "People speak of {d}, whose name is {n}.",
  ]
  static let heldOutContexts = [
    "Celebrated as {d}, {n} rarely gives interviews.",
    "The name of {d} is {n}.",
  ]
  /// The name before the description.
  static let reversedContexts = [
    "{n}, famous everywhere as {d}, likes to travel alone.",
    "{n} is {d}.",
    "{n}, known to all as {d}, lives near the sea.",
    "The person called {n} is {d}.",
    "{n} gets up early every day, being {d}.",
  ]
  static let heldOutReversedContexts = [
    "{n}, celebrated as {d}, rarely gives interviews.",
    "It is {n} who became {d}.",
  ]
  static let queries = [
    "The name of the person who is {d} is",
    "If you ask who is {d}, people will answer:",
    "Everyone agrees that {d} is called",
    "Yesterday I met {d}, who is named",
  ]
  static let heldOutQueries = [
    "I was told that {d} is a person called",
    "The newspaper wrote about {d}, whose name is",
  ]
}
