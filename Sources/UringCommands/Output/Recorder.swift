import Glibc
import Synchronization
import UringBase
import UringProbe
import UringRecordings
import UringTrace

/// The file that `record` writes.
///
/// The file is started once the capture runs. Records that arrive earlier are kept in memory until
/// then. The file gets its name only after the start has succeeded, so that a failed start does not
/// replace an existing file.
final class Recorder: RecordSink {
  private enum Stage {
    case waiting(records: [UInt8])
    case writing(RecordingWriter)
  }

  private let path: String
  private let format: TraceFormat
  private let stage = Mutex(Stage.waiting(records: []))
  /// Number of the writer's lost records that ``takeLostCount()`` has already returned.
  private let reportedLost = Mutex<UInt64>(0)

  init(path: String, format: TraceFormat) {
    self.path = path
    self.format = format
  }

  private var writer: RecordingWriter? {
    stage.withLock { if case .writing(let writer) = $0 { writer } else { nil } }
  }

  // MARK: RecordSink

  func consume(_ records: UnsafeRawBufferPointer) {
    stage.withLock { stage in
      switch stage {
      case .waiting(var waiting):
        stage = .waiting(records: [])
        waiting.append(contentsOf: records)
        stage = .waiting(records: waiting)
      case .writing(let writer): writer.append(records)
      }
    }
  }

  func takeLostCount() -> UInt64 {
    guard let total = writer?.lostToOutput else { return 0 }
    return reportedLost.withLock { reported in
      defer { reported = total }
      return total - reported
    }
  }

  // MARK: The file

  /// Starts the file. If the file is a FIFO, this waits until a reader opens it.
  func start(host: HostDescription) throws(Failure) {
    let header = RecordingHeader(toolVersion: Version.current, host: host)
    let (path, format) = (path, format)
    let writer = try BlockingCall.run("opener", isPatient: false) {
      Result { () throws(OutputError) in
        let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
        return try RecordingWriter(output: file, encoder: format.makeEncoder(header: header))
      }
    }.orThrow()
    stage.withLock { stage in
      if case .waiting(let records) = stage { records.withUnsafeBytes { writer.append($0) } }
      stage = .writing(writer)
    }
  }

  /// Gives the file its name.
  func publish() throws(Failure) {
    do {
      try writer?.publish()
    } catch {
      throw Failure(error)
    }
  }

  /// True if writing has failed, or would fail because no process reads the output any more.
  /// ``finish(after:)`` reports the error.
  var hasFailed: Bool { writer.map { $0.failure != nil || $0.isAbandoned } ?? false }

  /// Completes the file, which ends at the time of the last snapshot.
  ///
  /// - Parameter signal: the signal that ended the recording; 0 if there was none.
  /// - Returns: a line for the user.
  func finish(after last: Snapshot, signal: Int32 = 0) throws(Failure) -> String {
    guard let writer else { return "nothing was recorded" }
    let target = path == "-" ? "standard output" : path
    let result: Result<RecordingWriter.Summary, OutputError>
    do throws(Failure) {
      result = try BlockingCall.run(
        "finisher", after: signal, progress: { writer.progress },
        {
          Result { () throws(OutputError) in
            try writer.finish(time: last.time, lostInKernel: last.lost.inKernel)
          }
        })
    } catch {
      throw Failure(error.status, "\(target) takes no more data; the recording ends early")
    }
    let summary = try result.orThrow()
    let lost = last.lost.inKernel + summary.lostToOutput
    return
      "\(Figures.count(summary.records, "record")), \(lost == 0 ? "none" : "\(lost)") lost, in \(target)"
  }

  /// Discards the file after a failed start.
  func discard() {
    writer?.discard()
    stage.withLock { $0 = .waiting(records: []) }
  }
}

extension Result where Failure == OutputError {
  fileprivate func orThrow() throws(UringCommands.Failure) -> Success {
    do throws(OutputError) {
      return try get()
    } catch {
      throw UringCommands.Failure(error)
    }
  }
}
