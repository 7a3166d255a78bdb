import Arrays
import Compilation
import Testing

/// The order in which fusing keeps its clusters, under random changes, against reachability by hand.
@Suite struct UnitOrderTests {
  /// A graph of plain sets: what a change may do is decided by walking it.
  private struct Plain {
    var needs: [Int: Set<Int>] = [:]

    func reaches(_ target: Int, from start: Int) -> Bool {
      var seen: Set<Int> = []
      var pending = [start]
      while let next = pending.popLast() {
        for needed in needs[next] ?? [] where seen.insert(needed).inserted {
          if needed == target { return true }
          pending.append(needed)
        }
      }
      return false
    }

    /// Whether a third unit waits for one and is waited for by another.
    func joins(_ first: Int, _ last: Int) -> Bool {
      for unit in needs.keys where unit != first && unit != last {
        if reaches(first, from: unit), reaches(unit, from: last) { return true }
      }
      return false
    }

    mutating func merge(_ other: Int, into unit: Int) {
      needs[unit]!.formUnion(needs[other]!)
      needs[other] = nil
      needs = needs.mapValues { Set($0.map { $0 == other ? unit : $0 }) }
      needs[unit]!.remove(unit)
    }
  }

  @Test(arguments: 0..<60) func refusesJustWhatWouldMakeACycle(_ seed: Int) {
    let count = 40
    var rolls = RandomKey(seed: seed).integers(count: 4000, below: 1 << 30).makeIterator()
    func roll(_ below: Int) -> Int { rolls.next()! % below }
    var order = UnitOrder(count: count)
    var plain = Plain()
    for unit in 0..<count {
      let known = plain.needs.keys.sorted()
      var needed: Set<Int> = []
      if !known.isEmpty { for _ in 0..<roll(3) { needed.insert(known[roll(known.count)]) } }
      order.append(unit, after: needed)
      plain.needs[unit] = needed
      for _ in 0..<2 where plain.needs.count > 2 {
        let units = plain.needs.keys.sorted()
        let (a, b) = (units[roll(units.count)], units[roll(units.count)])
        guard a != b else { continue }
        if roll(2) == 0 {
          let possible = !plain.reaches(b, from: a)
          let accepted = order.require([a], before: b)
          #expect(accepted == possible)
          if possible { plain.needs[b]!.insert(a) }
        } else {
          // One unit of two is a cycle where a third one stands between them.
          let between = plain.joins(a, b) || plain.joins(b, a)
          let accepted = order.merge(a, into: b)
          #expect(accepted == !between)
          if !between {
            plain.merge(a, into: b)
            #expect(order.current(a) == b)
          }
        }
      }
      // Each unit comes once, after what it waits for.
      let scheduled = order.schedule { -$0 }
      #expect(scheduled.sorted() == plain.needs.keys.sorted())
      var done: Set<Int> = []
      for unit in scheduled {
        #expect(order.dependencies[unit] == plain.needs[unit])
        #expect(plain.needs[unit]!.isSubset(of: done))
        done.insert(unit)
      }
    }
  }

  /// What a search may look at is counted once each, whatever order the sets are walked in: two units that wait for all
  /// others make no difference to how many there are.
  @Test(arguments: [0, 1]) func theLimitOfASearchDoesNotDependOnItsOrder(_ excess: Int) {
    let others = Set(1...UnitOrder.longestSearch - 2 + excess)
    let (first, second) = (others.count + 1, others.count + 2)
    var order = UnitOrder(count: others.count + 3)
    for unit in 0...others.count { order.append(unit, after: []) }
    order.append(first, after: others)
    order.append(second, after: others)
    #expect(order.require([first, second], before: 0) == (excess == 0))
  }
}
