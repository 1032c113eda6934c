import UringBase
import UringProbe
import UringRecordings

/// Hands the records of a capture to a flight recorder.
final class FlightSink: RecordSink {
  let recorder: FlightRecorder
  private let told = Monitor<UInt64>(0)

  init(_ recorder: FlightRecorder) { self.recorder = recorder }

  func consume(_ records: UnsafeRawBufferPointer) { recorder.append(records) }

  func takeLostCount() -> UInt64 {
    let total = recorder.lostToOutput
    return told.withLock { told in
      defer { told = total }
      return total - told
    }
  }
}
