import DescentCommands

@main enum Descent {
  static func main() { DescentProgram.main() }
}
