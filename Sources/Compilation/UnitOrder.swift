/// Units of work in an order in which each follows all that it waits for.
///
/// The order is why fusing cannot make a cycle, whatever the graph: ranks rise along every dependency, and a change that
/// could not keep that is refused. It is kept as in Pearce and Kelly, "A dynamic topological sort algorithm for directed
/// acyclic graphs" (2006): only what stands between the two ends of a new dependency is looked at and moved.
package struct UnitOrder {
  /// What each unit waits for, directly.
  package private(set) var dependencies: [Set<Int>]
  private var followers: [Set<Int>]
  /// The place of each unit; -1 for a name that is none.
  private var rank: [Int]
  private var nextRank = 0
  /// The unit that took up a merged one.
  private var successor: [Int]

  /// Most units that a question about paths looks at. Beyond, the answer is that there may be one: clusters so far
  /// apart share nothing that is still in the cache.
  package static let longestSearch = 4096

  /// - Parameter count: units are named by numbers below.
  package init(count: Int) {
    dependencies = Array(repeating: [], count: count)
    followers = Array(repeating: [], count: count)
    rank = Array(repeating: -1, count: count)
    successor = Array(0..<count)
  }

  /// The unit that now does the work of one that may have been merged.
  package func current(_ unit: Int) -> Int {
    var unit = unit
    while successor[unit] != unit { unit = successor[unit] }
    return unit
  }

  /// A new unit after all others.
  package mutating func append(_ unit: Int, after needed: Set<Int>) {
    rank[unit] = nextRank
    nextRank += 1
    link(needed, unit)
  }

  /// Lets a unit wait for others too, and puts them before it.
  ///
  /// - Returns: false, with nothing changed, where one of them waits for the unit.
  package mutating func require(_ needed: Set<Int>, before unit: Int) -> Bool {
    let late = needed.filter { rank[$0] > rank[unit] }
    if !late.isEmpty {
      guard let earlier = ancestors(of: late, after: unit) else { return false }
      let later = descendants(of: unit, before: late.map { rank[$0] }.max()!)
      guard let later else { return false }
      reorder(earlier, before: later)
    }
    link(needed, unit)
    return true
  }

  /// Makes two units one.
  ///
  /// - Returns: false, with nothing changed, where a third one waits for one of them and the other for that.
  package mutating func merge(_ other: Int, into unit: Int) -> Bool {
    let (first, second) = rank[unit] < rank[other] ? (unit, other) : (other, unit)
    guard require(dependencies[second].subtracting([first]), before: first) else { return false }
    // What follows the second stands after it, and so after the first, which moved no further than to what the second
    // waits for.
    rank[unit] = rank[first]
    for needed in dependencies[other] where needed != unit {
      followers[needed].remove(other)
      link([needed], unit)
    }
    for follower in followers[other] where follower != unit {
      dependencies[follower].remove(other)
      link([unit], follower)
    }
    dependencies[unit].remove(other)
    followers[unit].remove(other)
    (dependencies[other], followers[other], rank[other]) = ([], [], -1)
    successor[other] = unit
    return true
  }

  /// All units, each after what it waits for.
  package var units: [Int] { rank.indices.filter { rank[$0] >= 0 }.sorted { rank[$0] < rank[$1] } }

  /// All units, each after what it waits for; of those that could come next, the one with the smallest priority.
  package func schedule(by priority: (Int) -> Int) -> [Int] {
    let units = rank.indices.filter { rank[$0] >= 0 }
    var waiting = dependencies.map(\.count)
    var ready = Queue(units.filter { waiting[$0] == 0 }.map { (priority($0), $0) })
    var order: [Int] = []
    while let next = ready.popSmallest() {
      order.append(next)
      for follower in followers[next] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.insert((priority(follower), follower)) }
      }
    }
    return order
  }

  private mutating func link(_ needed: Set<Int>, _ unit: Int) {
    dependencies[unit].formUnion(needed)
    for other in needed { followers[other].insert(unit) }
  }

  /// The units and what they wait for, of those that stand after a unit; nil where that unit is among them.
  private func ancestors(of units: Set<Int>, after start: Int) -> Set<Int>? {
    var seen = units
    var pending = Array(units)
    while let next = pending.popLast() {
      for needed in dependencies[next] where rank[needed] >= rank[start] {
        if needed == start { return nil }
        guard seen.insert(needed).inserted else { continue }
        guard seen.count <= Self.longestSearch else { return nil }
        pending.append(needed)
      }
    }
    return seen
  }

  /// A unit and what waits for it, of those that stand before a place; nil where they are too many.
  private func descendants(of unit: Int, before end: Int) -> Set<Int>? {
    var seen: Set<Int> = [unit]
    var pending = [unit]
    while let next = pending.popLast() {
      for follower in followers[next] where rank[follower] < end && seen.insert(follower).inserted {
        guard seen.count <= Self.longestSearch else { return nil }
        pending.append(follower)
      }
    }
    return seen
  }

  /// Shares out the places of both anew: all of the first, then all of the second, each in the order that it had.
  private mutating func reorder(_ first: Set<Int>, before second: Set<Int>) {
    let units = first.sorted { rank[$0] < rank[$1] } + second.sorted { rank[$0] < rank[$1] }
    for (unit, place) in zip(units, units.map { rank[$0] }.sorted()) { rank[unit] = place }
  }
}

/// Numbers by priority; of equal ones the smallest first, so that an order is the same in each process.
private struct Queue {
  private var items: [(Int, Int)] = []

  init(_ items: [(Int, Int)]) { self.items = items.sorted { $0 > $1 } }

  mutating func insert(_ item: (Int, Int)) {
    // Sorted by falling priority; units become ready in small numbers.
    var low = 0
    var high = items.count
    while low < high {
      let middle = (low + high) / 2
      if items[middle] > item { low = middle + 1 } else { high = middle }
    }
    items.insert(item, at: low)
  }

  mutating func popSmallest() -> Int? { items.popLast()?.1 }
}
