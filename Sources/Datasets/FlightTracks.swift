import Foundation

/// One aircraft's recorded flight: where it was, second by second or less often.
public struct FlightTrack: Sendable, Equatable {
  /// The aircraft's address, and its call sign where known.
  public var name: String
  /// Seconds, rising.
  public var times: [Double]
  /// Degrees.
  public var latitudes: [Double]
  /// Degrees, east positive.
  public var longitudes: [Double]
  /// Feet.
  public var altitudes: [Double]
}

/// Recorded ADS-B traffic as the samples of the Python package `traffic` keep it: a JSON list of reports, plain or gzipped.
///
/// A report has `timestamp` (milliseconds), `icao24`, `latitude`, `longitude`, `altitude` (feet); those that lack a place are left
/// out, as receivers send them.
public enum FlightTracks {
  /// All flights of a file, by address; those of fewer than two places are left out.
  /// - Throws: `DatasetError` where the file is no such list.
  public static func read(_ path: String) throws -> [FlightTrack] {
    guard let reports = try? JSONDecoder().decode([Report].self, from: try Gzip.contents(path)) else {
      throw DatasetError(path, "is no JSON list of reports with icao24, timestamp, latitude, longitude and altitude")
    }
    var tracks: [String: FlightTrack] = [:]
    for report in reports {
      guard let time = report.timestamp, let latitude = report.latitude, let longitude = report.longitude,
        let altitude = report.altitude, latitude.isFinite, longitude.isFinite, altitude.isFinite
      else { continue }
      var track =
        tracks[report.icao24] ?? FlightTrack(name: "", times: [], latitudes: [], longitudes: [], altitudes: [])
      if let last = track.times.last, time / 1000 <= last { continue }
      if track.name.isEmpty {
        track.name = [report.icao24, report.callsign].compactMap { $0 }.joined(separator: " ")
      }
      track.times.append(time / 1000)
      track.latitudes.append(latitude)
      track.longitudes.append(longitude)
      track.altitudes.append(altitude)
      tracks[report.icao24] = track
    }
    return tracks.keys.sorted().compactMap { tracks[$0]!.times.count > 1 ? tracks[$0] : nil }
  }

  private struct Report: Decodable {
    var icao24: String
    var callsign: String?
    var timestamp: Double?
    var latitude: Double?
    var longitude: Double?
    var altitude: Double?
  }
}
