import ArgumentParser
import CProcess
import Glibc
import UringBase

/// The command line.
struct Uringtop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uringtop",
    abstract: "Shows io_uring requests in flight: htop and a debugger for io_uring.",
    usage: """
      uringtop [FILTERS] [-- COMMAND…]
      uringtop SUBCOMMAND …
      """,
    discussion: """
      Without a subcommand: the live UI, over every ring on the machine or over COMMAND's alone.

      EXAMPLES:
        uringtop                      every ring on the machine
        uringtop -- fio job.fio       start a program and watch it from the start
        uringtop --pid 4242 --fd 5    only the ring behind fd 5 of process 4242
        uringtop --comm fio --op READ,WRITE_FIXED --min-age 10ms
        uringtop record -o trace.uring -- fio job.fio
        uringtop replay trace.uring
        uringtop report --fail-on warn -- ./server

      FILTERS: --pid, --comm, --fd, --op, --min-age; see uringtop live --help.

      \(ExitStatus.discussion)
      """,
    version: Version.current,
    subcommands: [
      LiveCommand.self, RecordCommand.self, FreezeCommand.self, ReplayCommand.self,
      SnapshotCommand.self, TopCommand.self, ServeCommand.self, ReportCommand.self,
      CompareCommand.self, ExportCommand.self, CapabilitiesCommand.self, DemoCommand.self,
    ],
    defaultSubcommand: LiveCommand.self)

  static func main() {
    process_start()
    let status: Int32
    do {
      var command = try parseAsRoot()
      try command.run()
      status = ExitStatus.success
    } catch let failure as Failure {
      if !failure.message.isEmpty { StandardError.write(failure.message) }
      if !failure.details.isEmpty, getenv(Failure.logVariable) != nil {
        for line in failure.details.split(separator: "\n") { StandardError.write(String(line)) }
      }
      status = failure.status
    } catch {
      status = report(error)
    }
    Glibc.exit(status)
  }

  /// The command line that prints help for an error: `--help` of the subcommand whose arguments are
  /// wrong.
  private static func help(for error: any Error) -> Substring {
    let hint = fullMessage(for: error).split(separator: "\n").last ?? ""
    let quoted = hint.split(separator: "'")
    guard quoted.count > 1, quoted[1].hasSuffix("--help"),
      // The default subcommand is suggested only if the user named it.
      let command = quoted[1].split(separator: " ").dropLast().last,
      CommandLine.arguments.contains(String(command))
    else { return "uringtop --help" }
    return quoted[1]
  }

  /// A hint that names the subcommands similar to an unknown first word; empty if there are none.
  private static func hint(for message: Substring) -> String {
    guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"),
      message == "Unexpected argument '\(word)'"
    else { return "" }
    return NearNames.hint(
      for: word, in: configuration.subcommands.compactMap { $0.configuration.commandName })
  }

  /// Prints the parser's messages: help and version on standard output, an error as one line.
  private static func report(_ error: any Error) -> Int32 {
    let code = exitCode(for: error).rawValue
    guard code != 0 else {
      do {
        try StandardOutput.write(Array((fullMessage(for: error) + "\n").utf8))
        return ExitStatus.success
      } catch {
        if !error.message.isEmpty { StandardError.write(error.message) }
        return error.status
      }
    }
    let message = message(for: error)
    let line = message.split(separator: "\n").first ?? "bad command line"
    let words = RefusedChoice.line(for: message) ?? "\(line)\(hint(for: line))"
    StandardError.write("\(words) (see \(help(for: error)))")
    return code
  }
}

/// The entry point for the executable.
package enum Program {
  /// Runs the command line of the process, and ends the process with a status of
  /// docs/exit-status.md.
  package static func run() {
    Uringtop.main()
  }
}
