extension Dataset {
  /// The same examples but one, in whose place is one of another set.
  /// - Throws: `DatasetError` where the two sets hold examples of different kinds.
  public func replacing(_ index: Int, by other: Dataset, at position: Int) throws -> Dataset {
    precondition((0..<count).contains(index) && (0..<other.count).contains(position), "there is no such example")
    guard exampleShape == other.exampleShape else {
      throw DatasetError(other.name, "examples of \(other.exampleShape) cannot replace those of \(exampleShape)")
    }
    var result = self
    switch (features, other.features) {
    case (.images(var bytes, let height, let width, let channels), .images(let others, _, _, _)):
      let size = height * width * channels
      bytes.replaceSubrange(index * size..<(index + 1) * size, with: others[position * size..<(position + 1) * size])
      result.features = .images(bytes, height: height, width: width, channels: channels)
    case (.numbers(let array), .numbers(let others)):
      result.features = .numbers(array.replacingRow(index, by: others, at: position))
    default: throw DatasetError(other.name, "images and numbers cannot be mixed")
    }
    switch (targets, other.targets) {
    case (.classes(var labels), .classes(let others)):
      labels[index] = others[position]
      result.targets = .classes(labels)
    case (.numbers(let array), .numbers(let others)):
      guard array.shape.removing(axis: 0) == others.shape.removing(axis: 0) else {
        throw DatasetError(other.name, "targets of \(others.shape) cannot replace those of \(array.shape)")
      }
      result.targets = .numbers(array.replacingRow(index, by: others, at: position))
    default: throw DatasetError(other.name, "classes and numbers cannot be mixed")
    }
    return result
  }
}

extension NDArray {
  fileprivate func replacingRow(_ index: Int, by other: NDArray, at position: Int) -> NDArray {
    var result = self
    let size = count / Swift.max(shape[0], 1)
    result.withUnsafeMutableElements(of: Float.self) { target in
      other.withUnsafeElements(of: Float.self) { source in
        for i in 0..<size { target[index * size + i] = source[position * size + i] }
      }
    }
    return result
  }
}
