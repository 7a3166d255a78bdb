/// Saves the states of a descent while it goes on, one after another.
///
/// A state's arrays are values: as long as they are being written they stay as they are, and the next step moves copies. A state is
/// saved once its file has been renamed; what is being written when the process is killed is not, and the state before it is.
package final class CheckpointWriter {
  private let store: CheckpointStore
  private var saving: Ahead<Void>?

  package init(_ store: CheckpointStore) { self.store = store }

  /// Begins to save a state, once the one before is saved.
  ///
  /// - Throws: why the one before could not be saved; `FileError`, or Foundation's error where the folder cannot be made.
  package func save(_ state: TrainingState, memory: Tree<NDArray> = Tree()) throws {
    try finish()
    saving = Ahead(beside: true) { [store] in try store.save(state, memory: memory) }
  }

  /// Looks whether all went well, and waits for nothing.
  ///
  /// - Throws: as `save`.
  package func check() throws {
    if let saving, saving.isMade { try finish() }
  }

  /// Waits until all is saved.
  ///
  /// - Throws: as `save`; each error once.
  package func finish() throws {
    let last = saving
    saving = nil
    _ = try last?.value
  }
}
