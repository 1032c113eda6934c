import UringCommands

/// The executable. Its code is in the library UringCommands, so that tests and fuzzers can import
/// it.
@main
enum Main {
  static func main() { Program.run() }
}
