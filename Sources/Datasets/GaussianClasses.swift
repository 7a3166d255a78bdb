extension Dataset {
  /// Examples of some classes, each normal around a centre of its own: data that need no file, and whose classes overlap.
  ///
  /// - Parameters:
  ///   - shape: of an example.
  ///   - distance: factor on the centres, which are standard normal.
  ///   - centres: key of the centres; sets that share it have the same classes.
  ///   - key: key of labels and deviations.
  public static func gaussianClasses(
    _ classes: Int = 3, count: Int, shape: Shape, distance: Double, centres: RandomKey, key: RandomKey
  ) -> Dataset {
    let size = shape.count
    let centres = centres.normal(count: classes * size)
    let labels = key.split("labels").integers(count: count, below: classes)
    var values = key.split("features").normal(count: count * size)
    for (row, label) in labels.enumerated() {
      for i in 0..<size { values[row * size + i] += distance * centres[label * size + i] }
    }
    return Dataset(
      name: "gaussians",
      features: .numbers(NDArray(values.map { Float($0) }, shape: Shape([count] + shape.dimensions))),
      targets: .classes(labels.map { Int32($0) }), classNames: (0..<classes).map { "class \($0)" })
  }
}
