import Datasets
import Foundation

/// Courses of intruders cut from recorded flights: their shape and their changes of speed, scaled to the scene.
///
/// A course is 12 seconds of the scene, every 0.2 s, of the mean speed 1; in its middle it is at the origin and heads along x.
/// It is made of two minutes of a flight (our choice: turns of airliners and gliders then show within the scene). Pieces
/// whose speed leaves 0.4 ... 1.6 of their mean, or with gaps of more than 20 s, are left out: a receiver lost them.
public struct RecordedCourses: Sendable {
  /// Places of each course.
  public let courses: [[SIMD3<Float>]]

  static let count = 61
  static let halfTime: Float = 6

  /// - Parameter pieceLength: seconds of a flight that one course takes.
  /// - Throws: `ControlError` where no piece of the flights is fit.
  public init(_ tracks: [FlightTrack], pieceLength: Double = 120) throws {
    courses = tracks.flatMap { Self.pieces(of: $0, pieceLength) }
    guard !tracks.isEmpty else { throw ControlError("there are no recorded flights: the folder of tracks holds none") }
    guard !courses.isEmpty else {
      throw ControlError("none of \(tracks.count) flights has \(Int(pieceLength)) s without a gap")
    }
  }

  private static func pieces(of track: FlightTrack, _ length: Double) -> [[SIMD3<Float>]] {
    guard let first = track.times.first, let last = track.times.last else { return [] }
    return stride(from: first, through: last - length, by: length).compactMap { course(track, from: $0, length) }
  }

  private static func course(_ track: FlightTrack, from start: Double, _ length: Double) -> [SIMD3<Float>]? {
    // The reports around the piece; between them straight lines.
    var next = track.times.firstIndex { $0 > start } ?? track.times.count
    var places: [SIMD3<Double>] = []
    let (latitude, longitude) = (track.latitudes[max(next - 1, 0)], track.longitudes[max(next - 1, 0)])
    for index in 0..<count {
      let time = start + length * Double(index) / Double(count - 1)
      while next < track.times.count, track.times[next] < time { next += 1 }
      guard next > 0, next < track.times.count, track.times[next] - track.times[next - 1] <= 20 else { return nil }
      let share = (time - track.times[next - 1]) / (track.times[next] - track.times[next - 1])
      func between(_ values: [Double]) -> Double { values[next - 1] + share * (values[next] - values[next - 1]) }
      // Metres on a plane that touches the earth at the piece's start.
      let metres = 6_371_000 * Double.pi / 180
      places.append(
        SIMD3(
          (between(track.longitudes) - longitude) * metres * cos(latitude * .pi / 180),
          (between(track.latitudes) - latitude) * metres, between(track.altitudes) * 0.3048))
    }
    func distance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
      let d = b - a
      return (d.x * d.x + d.y * d.y + d.z * d.z).squareRoot()
    }
    let steps = zip(places, places.dropFirst()).map(distance)
    let mean = steps.reduce(0, +) / Double(steps.count)
    // Slower than a walk is an aircraft on the ground.
    guard mean / (length / Double(count - 1)) > 10, steps.allSatisfy({ (0.4 * mean...1.6 * mean).contains($0) }) else {
      return nil
    }
    let middle = count / 2
    let heading = places[middle + 1] - places[middle - 1]
    let flat = (heading.x * heading.x + heading.y * heading.y).squareRoot()
    guard flat > 0 else { return nil }
    let (c, s) = (heading.x / flat, heading.y / flat)
    let scale = Double(DeconflictionScene.stepLength) / mean
    return places.map { place in
      let d = (place - places[middle]) * scale
      return SIMD3(Float(c * d.x + s * d.y), Float(c * d.y - s * d.x), Float(d.z))
    }
  }

  /// The place on a course at a time from its middle, and its velocity there; straight on beyond its ends.
  @inline(__always) func state(_ course: Int, at time: Float) -> (place: SIMD3<Float>, velocity: SIMD3<Float>) {
    let places = courses[course]
    let position = (time + Self.halfTime) / DeconflictionScene.stepLength
    let index = min(max(Int(position), 0), Self.count - 2)
    let change = places[index + 1] - places[index]
    return (places[index] + change * (position - Float(index)), change / DeconflictionScene.stepLength)
  }
}
