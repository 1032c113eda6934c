import ArgumentParser
import CProcess
import UringRecordings
import UringRedaction

/// Converts between the binary recording and trace.jsonl.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Converts a recording: .uring to .jsonl, or back.",
    discussion: """
      Without -o the trace is written to standard output as JSON lines. A recording that was cut off \
      stays incomplete: the copy has no summary. With --at the copy ends at that time, as if recording \
      had stopped.

      With --redact, names, paths, addresses, inodes and times of day are replaced. A value gets the \
      same substitute everywhere, so reports have the same findings. docs/security.md lists what stays.

      EXAMPLES:
        uringtop export trace.uring -o trace.jsonl
        uringtop export trace.uring | jq 'select(.event == "complete" and .res < 0)'
        uringtop export trace.uring --at 2.5s -o start.uring
        uringtop export trace.uring --redact -o public.uring
      """)

  @Argument(help: ArgumentHelp("The recording; - is standard input.", valueName: "recording"))
  var input: String

  @OptionGroup var moment: MomentOption

  @Flag(help: "Replace what identifies the machine and its users.")
  var redact = false

  @OptionGroup var output: OutputOptions

  func run() throws {
    let format = try output.resolvedFormat()
    let file = try RecordingFile(
      input, for: output.target == "-" ? PROCESS_READS : PROCESS_READS_AND_WRITES)
    try Self.write(
      file.recording, until: moment.time, to: output.target, format: format,
      rewriter: redact ? Redactor(file.recording.header) : nil)
    file.reportFlaw()
    moment.reportIfLate(in: file)
  }

  static func write(
    _ recording: Recording, until time: UInt64? = nil, to path: String, format: TraceFormat,
    rewriter: (any RecordRewriter)? = nil
  ) throws(Failure) {
    // The export would replace its own input or, through standard output, write to it while reading.
    if let input = recording.fileID, FileID(output: path) == input {
      throw Failure(
        ExitStatus.cannotCreate, "cannot write to \(path): it is the recording that is read")
    }
    do {
      let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
      try TraceExport.write(
        recording, until: time, to: file, format: format, rewriter: rewriter)
    } catch {
      throw Failure(error)
    }
  }
}
