import ArgumentParser
import Glibc
import SystemPackage
import UringBase

/// Makes a running flight recorder write a file.
struct FreezeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze",
    abstract: "Makes a flight recorder (record --keep) write what it keeps.",
    discussion: """
      The recorder is the process that writes to FOLDER. Waits for its file and prints the file's path. SIGUSR1 \
      makes the recorder do the same, without waiting.

      EXAMPLES:
        uringtop freeze
        uringtop freeze /var/lib/uringtop

      \(ExitStatus.discussion)
      """)

  @Argument(
    help: ArgumentHelp("The folder that the recorder writes to.", valueName: "folder"),
    completion: .directory)
  var folder = "/var/lib/uringtop"

  @Option(
    help: ArgumentHelp("How long to wait for the file. Default: 30s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var wait = DurationArgument(nanoseconds: 30_000_000_000)

  func run() throws {
    guard let recorder = try FlightFolder.recorder(of: folder) else {
      throw Failure(ExitStatus.noProcess, "no recorder writes to \(folder)")
    }
    let before = Set(FlightFolder.names(in: folder))
    guard kill(recorder, SIGUSR1) == 0 else {
      let error = SystemPackage.Errno(rawValue: errno)
      throw Failure(
        error == .permissionDenied || error == .notPermitted
          ? ExitStatus.notPermitted : ExitStatus.noProcess,
        "cannot signal the recorder, process \(recorder): \(error)")
    }
    let deadline = Deadline(in: wait.nanoseconds)
    while deadline.remaining(atMost: 1) != nil {
      if let new = FlightFolder.names(in: folder).last(where: { !before.contains($0) }) {
        return try StandardOutput.write(Array("\(folder)/\(new)\n".utf8))
      }
      Pause.sleep(nanoseconds: 50_000_000)
    }
    throw Failure(ExitStatus.system, "process \(recorder) has written no file yet")
  }
}
