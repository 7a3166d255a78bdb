import Training

/// The diagnostics that a judged descent carries. One that cannot follow, as where a twin diverges, is lost; the others go on.
package final class ComparedWatches {
  private var watches: [(name: String, watches: Watches)]
  /// Names of those that could not follow.
  package private(set) var lost: Set<String> = []

  /// - Throws: `DescentError` where one does not apply to the site.
  package init(_ configuration: WatchConfiguration, on site: WatchSite, clock: @escaping () -> Double) throws {
    watches = try configuration.items.map { item in
      var one = configuration
      one.items = [item]
      return (item.name, try Watches(one, on: site, clock: clock))
    }
  }

  /// Seconds that all have taken in this session.
  package var seconds: Double { watches.reduce(0) { $0 + $1.watches.total } }

  /// What is needed to go on.
  package var memory: Tree<NDArray> {
    let marks = lost.reduce(Tree<NDArray>()) { $0.merging(Tree(["lost/\($1)": NDArray([1])])) }
    return following.reduce(marks) { $0.merging($1.watches.memory.prefixed("kept")) }
  }

  private var following: [(name: String, watches: Watches)] { watches.filter { !lost.contains($0.name) } }

  /// - Parameter memory: what a checkpoint holds; nil for a fresh start.
  /// - Throws: `TrainingError` where the checkpoint lacks what one needs.
  package func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    lost = Set(watches.map(\.name).filter { memory?["lost/\($0)"] != nil })
    for one in following { try one.watches.begin(trainer, memory: memory?.subtree("kept")) }
  }

  /// Tells all of an update.
  package func follow(_ trainer: Trainer) throws {
    for one in following { do { try one.watches.follow(trainer) } catch is TrainingError { lost.insert(one.name) } }
  }

  /// What each sees now, whenever its turn is.
  package func look(_ trainer: Trainer) throws -> [(name: String, values: [String: Double])] {
    try following.flatMap { try $0.watches.look(trainer, ofTurn: true) + $0.watches.look(trainer, ofTurn: false) }
  }
}
