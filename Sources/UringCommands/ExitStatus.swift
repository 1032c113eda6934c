/// Exit statuses of uringtop; `docs/exit-status.md` lists them for users.
///
/// Statuses from 64 on follow sysexits.h; 126, 127 and 128 + signal follow the shell.
enum ExitStatus {
  static let success: Int32 = 0
  /// `report`: a finding is at least as severe as --fail-on.
  static let findings: Int32 = 1
  /// `report`: the watched command failed, and no finding is as severe as --fail-on. The report
  /// contains the command's own status.
  static let childFailed: Int32 = 2
  /// `report --require-rings`: there was no ring.
  static let noRings: Int32 = 3
  /// The command line is invalid, for instance because of an unknown opcode.
  static let usage: Int32 = 64
  /// The input is not a recording, is a recording of a newer schema, or is damaged from its start.
  static let badRecording: Int32 = 65
  /// The recording to read does not exist or cannot be read.
  static let noInput: Int32 = 66
  /// A named process does not exist, or has no such ring descriptor.
  static let noProcess: Int32 = 67
  /// The kernel has no BTF or lacks a tracepoint, or refused BPF.
  static let unsupportedKernel: Int32 = 69
  /// A system error: out of memory, of processes or of descriptors.
  static let system: Int32 = 71
  /// Standard output is not a terminal, or is a terminal of an unknown type.
  static let noTerminal: Int32 = 72
  /// The output cannot be created.
  static let cannotCreate: Int32 = 73
  /// Writing the output failed midway, for instance because the disk is full.
  static let outputFailed: Int32 = 74
  /// uringtop does not run as root, and lacks a capability.
  static let notPermitted: Int32 = 77
  /// The command after `--` was found, but is not executable.
  static let childNotExecutable: Int32 = 126
  /// The command after `--` was not found.
  static let childNotFound: Int32 = 127

  /// Ended by a signal: 129 SIGHUP, 130 SIGINT, 141 SIGPIPE, 143 SIGTERM.
  static func signal(_ number: Int32) -> Int32 { 128 + number }

  /// The list of exit statuses in the output of `--help`.
  static let discussion = """
    EXIT STATUS:
      0    success
      1    report: a finding as bad as --fail-on     2    report: COMMAND failed
      3    report: no ring, with --require-rings
      64   usage          65   bad recording       66   no such file
      67   no such process or ring descriptor
      69   kernel lacks BTF or refused BPF
      71   system error   72   no terminal         73   cannot create output
      74   output failed  77   not permitted
      126  command not executable                  127  command not found
      128+N  ended by signal N
      record -- COMMAND ends with the command's own status.
    """
}

/// An error that ends the program with one line on standard error and a status.
struct Failure: Error {
  var status: Int32
  /// One line without a full stop; if empty, nothing is printed.
  var message: String
  /// Messages of the kernel and libbpf, printed only if ``logVariable`` is set.
  var details = ""

  /// Environment variable: if it has any value, ``details`` are printed as well.
  static let logVariable = "URINGTOP_BPF_LOG"

  init(_ status: Int32, _ message: String) {
    self.status = status
    self.message = message
  }
}
