import ArgumentParser
import CProcess
import UringFields
import UringFindings
import UringPerfetto
import UringRecordings
import UringRedaction
import UringSources
import UringTrace

/// Converts a recording to another format.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Converts a recording: .uring to .jsonl, or back; to CSV; to a trace for Perfetto.",
    discussion: """
      Without -o the trace is written to standard output as JSON lines. A recording that was cut off \
      stays incomplete: the copy has no summary. With --at the copy ends at that time, as if recording \
      had stopped.

      With --redact, names, paths, addresses, inodes and times of day are replaced. A value gets the \
      same substitute everywhere, so reports have the same findings. docs/security.md lists what stays.

      With --csv the events are written as CSV, one line for each.

      A file that ends in .pftrace, or --format perfetto, is a trace for https://ui.perfetto.dev, which \
      reads it in the browser: rings, requests, groups, workers, waits, findings. docs/perfetto.md \
      describes its tracks.

      EXAMPLES:
        uringtop export trace.uring -o trace.jsonl
        uringtop export trace.uring | jq 'select(.event == "complete" and .result < 0)'
        uringtop export trace.uring --at 2.5s -o start.uring
        uringtop export trace.uring --redact -o public.uring
        uringtop export trace.uring -o trace.pftrace
        uringtop export trace.uring --csv --where 'op:READ error=yes' --columns time,ring,value
      """)

  @Argument(
    help: ArgumentHelp("The recording; - is standard input.", valueName: "recording"),
    completion: .recording)
  var input: String

  @OptionGroup var moment: MomentOption

  @Flag(help: "Replace what identifies the machine and its users.")
  var redact = false

  @Flag(
    help: "Write the events as CSV: all fields, or those of --columns. The default for .csv.")
  var csv = false

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "With --csv: only events that match the expression, such as 'op:READ error=yes'; see docs/filters.md.",
      valueName: "expression"))
  var condition: String?

  @Option(
    help: ArgumentHelp(
      "With --csv: only these fields, as time,event,value.", valueName: "fields"))
  var columns: String?

  @OptionGroup var output: ExportOutputOptions

  private var isCSV: Bool { csv || output.target.lowercased().hasSuffix(".csv") }
  private var isPerfetto: Bool { !isCSV && output.isPerfetto }

  func validate() throws {
    guard isCSV else {
      if condition != nil || columns != nil {
        throw ValidationError("--where and --columns need --csv")
      }
      if isPerfetto, redact {
        throw ValidationError("--redact needs a recording as output: export that to Perfetto")
      }
      if !isPerfetto { _ = try output.resolvedFormat() }
      return
    }
    if output.format != nil { throw ValidationError("--csv is a format: --format names another") }
    _ = try (query(), table())
  }

  private func query() throws -> Query<Event> { try Query(option: condition, over: .events) }

  private func table() throws -> FieldTable<Event> {
    do {
      return try FieldTable(.events, columns: columns)
    } catch {
      throw ValidationError("--columns, \(error)")
    }
  }

  func run() throws {
    let file = try RecordingFile(
      input, for: output.target == "-" ? PROCESS_READS : PROCESS_READS_AND_WRITES)
    let encoder: (RecordingHeader) -> any TraceEncoder
    if isPerfetto {
      let overview = overview(of: file.recording)
      encoder = { PerfettoEncoder(header: $0, overview: overview) }
    } else if isCSV {
      let (query, table) = try (query(), table())
      encoder = { EventCSVEncoder(header: $0, query: query, table: table) }
    } else {
      encoder = try output.resolvedFormat().makeEncoder
    }
    try Self.write(
      file.recording, until: moment.time, to: output.target, as: encoder,
      rewriter: redact ? Redactor(file.recording.header) : nil)
    file.reportFlaw()
    moment.reportIfLate(in: file)
  }

  /// The findings of the exported part of the recording, and the owners of its rings.
  private func overview(of recording: Recording) -> PerfettoEncoder.Overview {
    var overview = PerfettoEncoder.Overview()
    var diagnosis = DiagnosisHistory()
    let end = recording.snapshot(at: moment.time, every: DiagnosisHistory.interval) { snapshot in
      overview.note(snapshot)
      diagnosis.look(at: snapshot)
    }
    overview.note(end)
    overview.findings = diagnosis.findings(at: end)
    overview.endTime = end.time
    return overview
  }

  static func write(
    _ recording: Recording, until time: UInt64? = nil, to path: String,
    as encoder: (RecordingHeader) -> any TraceEncoder, rewriter: (any RecordRewriter)? = nil
  ) throws(Failure) {
    // Without this check the export could replace its own input or, through standard output, write
    // to the file that it reads.
    if let input = recording.fileID, FileID(output: path) == input {
      throw Failure(
        ExitStatus.cannotCreate, "cannot write to \(path): it is the recording that is read")
    }
    do {
      let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
      try TraceExport.write(
        recording, until: time, to: file, as: encoder, rewriter: rewriter)
    } catch {
      throw Failure(error)
    }
  }
}
