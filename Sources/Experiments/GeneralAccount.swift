import Reports

/// The account of a diagnostic that a program registered: all that it measured, a picture each.
struct GeneralAccount: WatchAccount {
  let looks: WatchLooks

  init(_ looks: WatchLooks) { self.looks = looks }

  var line: String { looks.tags.map { "\($0) \(looks.now($0))" }.joined(separator: ", ") }

  var sections: [Report.Section] {
    looks.tags.map { looks.plot($0.replacing("/", with: "-"), "\(looks.name): \($0)", $0, [($0, $0)]) }
  }
}
