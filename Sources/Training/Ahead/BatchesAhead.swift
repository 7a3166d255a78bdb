/// The batches of a descent, the next one made by another thread while a step uses the last.
///
/// A batch is a function of its sequence's key and its number, so that it has the same bits whoever makes it, and when. Only
/// large augmented ones, and orders of many examples, are made ahead: to gather plain examples takes so little that it gained
/// nothing beside kernels that fill the cores. Where kernels have one thread, as there is one core or other descents have the
/// others, each is made when it is asked for.
package final class BatchesAhead {
  package typealias Batch = (features: NDArray, targets: NDArray)

  /// The least numbers in a batch, or in an epoch's order, that another thread makes: 256 KB of float32. To make them takes a tenth
  /// of a millisecond or more, to hand them over some ten microseconds (an estimate, and our choice).
  package static let leastCount = 65_536

  /// Some rows of a step's batch.
  private struct Piece: Equatable {
    var step: Int
    var rows: Range<Int>
  }

  /// Those of an epoch and of the one after it, which is there when its first batch is made at the latest.
  private struct Orders {
    var epoch: Int
    var now: [Int]
    var next: Ahead<[Int]>
  }

  private let batches: BatchSequence
  private let parts: [Range<Int>]
  private let leastCount: Int
  private let exampleCount: Int
  private var orders: Orders?
  private var next: (piece: Piece, batch: Ahead<Batch>)?

  /// - Parameter parts: the rows of each batch that are asked for, in this order.
  package init(_ batches: BatchSequence, parts: [Range<Int>], leastCount: Int = BatchesAhead.leastCount) {
    (self.batches, self.parts, self.leastCount) = (batches, parts, leastCount)
    exampleCount = batches.dataset.exampleShape.count
  }

  /// Rows of a step's batch. Any may be asked for; those that follow one another by parts and steps are made ahead.
  ///
  /// - Throws: what making them threw.
  package func batch(_ step: Int, rows: Range<Int>) throws -> Batch {
    let piece = Piece(step: step, rows: rows)
    let orders = try enter(step / batches.batchesPerEpoch)
    let isHere = next?.piece == piece
    let batch = try isHere ? next!.batch.value : batches.batch(step, order: orders.now, rows: rows)
    next = follower(of: piece).map { (piece: $0, batch: ahead($0, orders)) }
    return batch
  }

  /// The whole batches of several steps of one epoch, which are not augmented, with a first axis of steps.
  ///
  /// - Throws: what making them threw.
  package func batches(_ steps: Range<Int>) throws -> Batch {
    batches.batches(steps, order: try enter(steps.lowerBound / batches.batchesPerEpoch).now)
  }

  private func isWorthIt(_ count: Int) -> Bool { count >= leastCount && Engine.threadCount > 1 }

  private func enter(_ epoch: Int) throws -> Orders {
    if let orders, orders.epoch == epoch { return orders }
    let now = try orders?.epoch == epoch - 1 ? orders!.next.value : batches.order(epoch: epoch)
    let next = Ahead(beside: isWorthIt(batches.dataset.count)) { [batches] in batches.order(epoch: epoch + 1) }
    let entered = Orders(epoch: epoch, now: now, next: next)
    orders = entered
    return entered
  }

  /// What is asked for next; nil where it is not worth a hand-over.
  private func follower(of piece: Piece) -> Piece? {
    guard batches.augmentation != .none, isWorthIt(piece.rows.count * exampleCount),
      let at = parts.firstIndex(of: piece.rows)
    else { return nil }
    return at + 1 < parts.count
      ? Piece(step: piece.step, rows: parts[at + 1]) : Piece(step: piece.step + 1, rows: parts[0])
  }

  private func ahead(_ piece: Piece, _ orders: Orders) -> Ahead<Batch> {
    let isLater = piece.step / batches.batchesPerEpoch > orders.epoch
    return Ahead(beside: true) { [batches] in
      let order = try isLater ? orders.next.value : orders.now
      return batches.batch(piece.step, order: order, rows: piece.rows)
    }
  }
}
