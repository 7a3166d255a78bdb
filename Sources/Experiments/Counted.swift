/// A number of things in words: "1 epoch", "2 epochs".
package func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }
