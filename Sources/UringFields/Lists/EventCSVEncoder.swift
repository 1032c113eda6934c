import CRecord
import UringRecordings
import UringRecords
import UringTrace

/// Writes the events of a recording as CSV.
public final class EventCSVEncoder: TraceEncoder {
  private let query: Query<Event>
  private let table: FieldTable<Event>
  /// Assigns ids to rings and requests.
  private var aggregator: Aggregator
  private let snapshot: Snapshot

  public init(header: RecordingHeader, query: Query<Event>, table: FieldTable<Event>) {
    self.query = query
    self.table = table
    aggregator = .numbering(host: header.host)
    snapshot = aggregator.snapshot()
  }

  public var isFull: Bool { aggregator.entryCount > RecordingFlaw.mostEntries }

  public func begin(into output: inout [UInt8]) {
    output += table.rows([], in: snapshot).csv.utf8
  }

  public func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    var events: [Event] = []
    for record in RecordSequence(bytes: records) {
      aggregator.consume(record)
      let event = aggregator.lastEvent ?? Event(unnamed: record)
      if query.matches(event, in: snapshot) { events.append(event) }
    }
    output += table.rows(events, in: snapshot).csvRows.utf8
  }

  public func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {}

  public func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    lastLine(in: output, limit: limit)
  }
}
