/// What happened, and to whom.
public struct Delivery: Sendable {
  /// 0 is the server, 1...n are workers.
  public var node: Int
  /// What has happened.
  public var event: Event

  public init(node: Int, event: Event) { (self.node, self.event) = (node, event) }
}

/// Links and computers between nodes: simulated ones with a virtual clock, or real processes with the wall clock.
///
/// Each node's computer, and each worker's link up and down, works on one thing after another.
public protocol Transport: AnyObject {
  /// The nodes that live here: all in a simulation, one on a process of its own.
  var nodes: Range<Int> { get }
  /// Seconds since the start.
  var now: Double { get }

  /// - Parameter reports: whether `sent` happens to the sender when its link is free again.
  /// - Throws: `TransportError` where a link or a process has failed.
  func send(_ message: Message, from sender: Int, to receiver: Int, reports: Bool) throws

  /// `computed` happens to the node after h seconds for each gradient.
  /// - Throws: `TransportError` where the node is not of this process.
  func compute(_ gradients: Int, on node: Int) throws

  /// Waits for the next event of a node that lives here; nil where none can come any more.
  /// - Throws: `TransportError` where a link or a process has failed.
  func next() throws -> Delivery?

  /// Tells all other processes that the run is over.
  /// - Throws: `TransportError` where a link or a process has failed.
  func end() throws
}
