import Training

/// The diagnostics that a judged descent carries. One that cannot go on, as where a twin diverges, is lost; the others go on.
package final class ComparedWatches {
  private var watches: [(name: String, watches: Watches)]
  /// Why some could not go on, by name.
  package private(set) var lost: [String: String] = [:]

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
    // A run that was cut off logs the reasons that one which was not logs.
    let marks = lost.sorted { $0.key < $1.key }.reduce(Tree<NDArray>()) {
      $0.merging(Tree(["lost/\($1.key)": NDArray($1.value.utf8.map { Int32($0) })]))
    }
    return following.reduce(marks) { $0.merging($1.watches.memory.prefixed("kept")) }
  }

  private var following: [(name: String, watches: Watches)] { watches.filter { lost[$0.name] == nil } }

  /// - Parameter memory: what a checkpoint holds; nil for a fresh start.
  /// - Throws: `TrainingError` where the checkpoint lacks what one needs.
  package func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    for one in watches {
      lost[one.name] = memory?["lost/\(one.name)"].map { reason in
        String(decoding: reason.values(as: Int32.self).map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
      }
    }
    for one in following {
      // What has nothing to remember yet begins anew.
      let kept = memory?.subtree("kept")
      try one.watches.begin(trainer, memory: kept.flatMap { $0.subtree(one.name).isEmpty ? nil : $0 })
    }
  }

  /// Tells all of an update.
  package func follow(_ trainer: Trainer) {
    for one in following { do { try one.watches.follow(trainer) } catch { lost[one.name] = "\(error)" } }
  }

  /// What each sees now, whenever its turn is.
  package func look(_ trainer: Trainer) -> [(name: String, values: [String: Double])] {
    following.flatMap { one in
      do {
        return try one.watches.look(trainer, ofTurn: true) + one.watches.look(trainer, ofTurn: false)
      } catch {
        lost[one.name] = "\(error)"
        return []
      }
    }
  }
}
