import Compilation
import TestSupport
import Testing

/// Elements at places along an axis.
@Suite struct GatheringTests {
  /// A place outside of the axis has no number: NaN, or 0 where there is none.
  @Test(arguments: [ElementType.float32, .float64, .int32, .bool]) func placesOutsideOfTheAxis(_ type: ElementType)
    throws
  {
    let x = NDArray([1.0, 2, 3, 4, 5, 6], shape: [1, 3, 2]).converted(to: type)
    let places = NDArray([Int32(2), -1, 3, 0, 0, 1], shape: [1, 3, 2])
    let found = try Program(inputs: [TensorType(of: x), TensorType(of: places)]) { _, x in
      [x[0].gatheringElements(x[1], axis: 1)]
    }.run([x, places])[0].converted(to: .float64).doubles
    let values = x.converted(to: .float64).doubles
    let missing = type == .float32 || type == .float64 ? Double.nan : 0
    let expected = [values[4], missing, missing, values[1], values[0], values[3]]
    #expect(zip(found, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(found)")
  }
}
