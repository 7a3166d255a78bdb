import Foundation

/// Image files as a model sees them: in its size, with its colours, normalised as in training.
extension TrainedModel {
  /// The PNG and JPEG files of a path: one file, those of a folder, or those of a folder's classes; nil where there are
  /// none.
  ///
  /// - Throws: `DatasetError` for a folder of one class.
  public static func imageFiles(_ path: String) throws -> [(path: String, className: String?)]? {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else {
      return ImageClasses.isImage(path) ? [(path, nil)] : nil
    }
    let inside = ImageClasses.images(path)
    if !inside.isEmpty { return inside.map { (path + "/" + $0, nil) } }
    return try ImageClasses(path)?.files.map { ($0.path, $0.className) }
  }

  /// [count, height, width, channels] of image files, normalised.
  ///
  /// - Throws: `DatasetError` naming the file that cannot be read; `TrainingError` where the model takes no images.
  public func features(ofImages files: [String]) throws -> NDArray {
    let input = manifest.model.input
    guard input.count == 3, [1, 3].contains(input[2]) else {
      throw TrainingError("the model takes examples of the shape \(Shape(input)), and no images")
    }
    let images = try ImageClasses.read(files, Array(input[0..<2]), channels: input[2])
    return features(
      of: Dataset(
        name: "images",
        features: .images(images.flatMap(\.pixels), height: input[0], width: input[1], channels: input[2]),
        targets: .classes([Int32](repeating: 0, count: files.count))))
  }

  /// Predictions for image files, in their order.
  ///
  /// - Throws: as `features(ofImages:)`.
  public func predict(images files: [String]) throws -> Predictions {
    Predictions(try outputs(features(ofImages: files)), manifest)
  }

  /// What the model is worth on image files whose classes are known.
  ///
  /// - Throws: as `features(ofImages:)`; `TrainingError` for a class that the model does not know.
  public func evaluate(images files: [(path: String, className: String)]) throws -> Measures {
    let labels = try files.map { file -> Int32 in
      guard let label = manifest.classes.firstIndex(of: file.className) else {
        throw TrainingError(
          "\(file.path) is of the class \(file.className), which the model does not know; "
            + NearestName.hint(file.className, among: manifest.classes))
      }
      return Int32(label)
    }
    return try Measures(
      outputs: try outputs(features(ofImages: files.map(\.path))), targets: .classes(labels), loss: manifest.loss,
      classWeights: manifest.classWeights, isThorough: true)
  }
}
