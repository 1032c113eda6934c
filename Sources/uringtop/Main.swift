import UringCommands

/// The executable. Its code is in a library, which tests and fuzzers can import.
@main
enum Main {
  static func main() { Program.run() }
}
