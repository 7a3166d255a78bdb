import LanguageModels
import Training

/// Which tasks an outer descent meets, and which of them together.
package struct TaskOrder {
  private let tasks: [ContextTask]
  private let contexts: Int
  private let key: RandomKey

  /// - Parameter contexts: how many tasks are learned from together.
  package init(_ tasks: [ContextTask], contexts: Int, key: RandomKey) {
    (self.tasks, self.contexts, self.key) = (tasks, contexts, key)
  }

  /// Positions of the tasks of a group, which depends on the key and on its number only. Groups of one go through all
  /// tasks, each time in another order; larger ones are drawn, and no two of their tasks are about one thing.
  ///
  /// - Throws: `SettingsError` where the tasks are about too few things.
  package func group(_ number: Int) throws -> [Int] {
    guard contexts > 1 else {
      let (pass, place) = number.quotientAndRemainder(dividingBy: tasks.count)
      return [key.split(pass).permutation(tasks.count)[place]]
    }
    var (apart, found) = (DifferentTasks(), [Int]())
    for index in key.split(number).permutation(tasks.count) where found.count < contexts {
      if apart.takes(tasks[index]) { found.append(index) }
    }
    guard found.count == contexts else {
      throw SettingsError(
        "further.contexts asks for \(contexts) contexts about different things, and there are \(found.count) among "
          + "\(tasks.count) tasks: raise data.train, or ask for fewer")
    }
    return found
  }
}

/// Takes tasks with other questions and contexts than those before, so that none contradicts or repeats another.
struct DifferentTasks {
  private var asked: Set<[Int32]> = []
  private var told: Set<[Int32]> = []

  /// Whether a task is unlike those that were taken; if so, it is taken.
  mutating func takes(_ task: ContextTask) -> Bool {
    guard !asked.contains(task.query), !told.contains(task.context) else { return false }
    asked.insert(task.query)
    told.insert(task.context)
    return true
  }
}
