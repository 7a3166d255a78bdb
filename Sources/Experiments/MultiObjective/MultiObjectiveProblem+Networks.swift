import Arrays
import Datasets
import Foundation
import MultiObjective
import Training

extension MultiObjectiveProblem {
  /// Eight river flows by a network with one hidden layer (tanh) that all share; squared errors of standardised flows.
  ///
  /// - Parameter data: features and targets as `RiverFlow` reads them; the training rows are drawn by the key, unless told.
  package static func riverFlow(
    samples n: Int, width: Int, data: (train: Dataset, test: Dataset), rows own: [Int]? = nil, key: RandomKey,
    programs: Objectives?
  ) throws -> MultiObjectiveProblem {
    guard n <= data.train.count else {
      throw SettingsError("riverFlow.samples: \(n) rows are more than the \(data.train.count) complete training rows")
    }
    let train = data.train.subset(own ?? key.split("rows").permutation(data.train.count).prefix(n).sorted())
    func columns(_ part: Dataset) -> [(values: [Double], width: Int)] {
      let all = Array(0..<part.count)
      return [part.featureArray(at: all), part.targetArray(at: all)].map { ($0.doubles, $0.shape[1]) }
    }
    // Of all training rows, so that one seed's units are another's.
    let scales = columns(data.train).map { values, width in
      (0..<width).map { column in Summary(stride(from: column, to: values.count, by: width).map { values[$0] }) }
    }
    func arrays(_ part: Dataset) -> [NDArray] {
      zip(columns(part), scales).map { column, scale in
        let standard = column.values.indices.map { index -> Double in
          let s = scale[index % column.width]
          return (column.values[index] - s.mean) / (s.standardDeviation > 0 ? s.standardDeviation : 1)
        }
        return NDArray(standard, shape: [part.count, column.width])
      }
    }
    let count = RiverFlow.targetCount
    let model = FlatModel(MLP([train.exampleShape.count, width, count], activation: .tanh))
    let rows = arrays(train)
    let objectives =
      programs?.on(rows)
      ?? Objectives(count: count, dimension: model.dimension, data: rows) { x, rows in
        let errors = (try model(rows[0], x) - rows[1]).squared
        return (0..<count).map { errors.slice($0..<$0 + 1, axis: 1).sum([1]) }
      }
    return MultiObjectiveProblem(
      objectives: objectives, start: try model.start(key: key.split("start")),
      // Of standardised flows, about.
      test: objectives.on(arrays(data.test)), idleLoss: 1)
  }

  /// Two digits in one picture by the network of Sener and Koltun (2018), in float32; cross-entropies.
  ///
  /// - Parameter digits: MNIST's images; pictures are drawn by the key.
  package static func multiMNIST(
    samples n: Int, test: Int, digits: (train: Dataset, test: Dataset), key: RandomKey, programs: Objectives?
  ) throws -> MultiObjectiveProblem {
    func arrays(_ part: Dataset, _ count: Int, _ name: String) throws -> [NDArray] {
      let pictures = try MultiMNIST.overlaid(part, count: count, key: key.split(name))
      let images = pictures.images.floats.map { ($0 - 0.1307) / 0.3081 }
      return [NDArray(images, shape: pictures.images.shape), NDArray(pictures.left), NDArray(pictures.right)]
    }
    let model = FlatModel(TwoDigitNetwork())
    let rows = try arrays(digits.train, n, "train")
    let objectives =
      programs?.on(rows)
      ?? Objectives(count: 2, dimension: model.dimension, data: rows, elementType: .float32) { x, rows in
        let logits = try model(rows[0], x)
        return (0..<2).map { softmaxCrossEntropy(logits.slice(10 * $0..<10 * $0 + 10, axis: 1), labels: rows[1 + $0]) }
      }
    return MultiObjectiveProblem(
      objectives: objectives, start: try model.start(key: key.split("start")),
      test: objectives.on(try arrays(digits.test, test, "test")), idleLoss: log(10))
  }
}
