import CRecord
import UringFindings
import UringRecordings
import UringRecords
import UringTrace

/// Writes a recording as a trace for Perfetto's UI. docs/perfetto.md describes its tracks.
///
/// Requests and groups that have ended are written when they leave the aggregator's short history.
/// Only requests in flight, groups that have not ended, and the tracks stay in memory. Packets can
/// be in any order, because Perfetto sorts events by their time.
public final class PerfettoEncoder: TraceEncoder {
  /// Facts from an earlier pass over the recording.
  public struct Overview: Sendable {
    /// The owner of each ring.
    public var owners: [Ring.ID: Owner] = [:]
    public var findings: [Finding] = []
    /// Time at which the findings without ``Finding/past`` held; nanoseconds, CLOCK_MONOTONIC.
    public var endTime: UInt64 = 0

    public struct Owner: Sendable {
      var comm: String
      var tgid: UInt32
    }

    public init() {}

    /// Remembers the owners of a snapshot's rings.
    public mutating func note(_ snapshot: Snapshot) {
      for ring in snapshot.rings where ring.ownerTgid != 0 {
        owners[ring.id] = Owner(comm: ring.comm, tgid: ring.ownerTgid)
      }
    }
  }

  /// Number of ended requests and groups that are kept, because later records can still concern
  /// them.
  private static let history = 1_024

  private let header: RecordingHeader
  private let overview: Overview
  var aggregator: Aggregator
  var packets = PacketWriter(appendingTo: [])
  var tracks: Tracks
  var waits = OpenWaits()
  var groups = GroupRows()
  /// Arrows between two neighbours in a chain, while only one of the two has been written.
  var links: [Link: PacketWriter.Flow] = [:]

  /// Two neighbours in a chain.
  struct Link: Hashable {
    var from: Request.ID
    var to: Request.ID
  }

  public init(header: RecordingHeader, overview: Overview) {
    self.header = header
    self.overview = overview
    var limits = Aggregator.Limits()
    limits.history = Self.history
    limits.events = 1
    aggregator = Aggregator(host: header.host, limits: limits)
    aggregator.keepDepartures()
    tracks = Tracks(owners: overview.owners)
  }

  public var isFull: Bool { aggregator.entryCount > RecordingFlaw.mostEntries }

  public func begin(into output: inout [UInt8]) {
    packets.exchange(&output)
    packets.begin(at: header.host.startTime, realtime: header.host.startRealtime)
    packets.exchange(&output)
  }

  public func encode(_ records: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    packets.exchange(&output)
    for record in RecordSequence(bytes: records) {
      aggregator.consumeForDepartures(record)
      writeCounters(after: record)
      followWaits(record)
      if aggregator.hasDepartures { writeDepartures() }
    }
    packets.exchange(&output)
  }

  public func end(time: UInt64, records: UInt64, lost: UInt64, into output: inout [UInt8]) {
    cutOff(into: &output)
  }

  public func cutOff(into output: inout [UInt8]) {
    packets.exchange(&output)
    aggregator.departAll()
    writeDepartures()
    writeOpenWaits()
    for finding in overview.findings { write(finding, heldAt: overview.endTime) }
    packets.exchange(&output)
  }

  public func lastBoundary(in output: UnsafeRawBufferPointer, limit: Int) -> Int {
    output.endOfWholeFields(limit: limit)
  }

  private func writeDepartures() {
    let departures = aggregator.takeDepartures()
    for request in departures.requests { write(request) }
    for group in departures.groups { write(group) }
  }

  /// Writes the counters of the record's ring that the record has changed.
  private func writeCounters(after record: UnsafePointer<record>) {
    guard record.pointee.ctx != 0, let depth = aggregator.depth(of: record) else { return }
    let ring = tracks.ring(depth.ring, &packets)
    let time = record.pointee.time_ns
    tracks[ring].inFlight.set(depth.inFlight, at: time, &packets)
    guard record.pointee.kind == .ringDepth else { return }
    tracks[ring].sqDepth.set(depth.sqPending, at: time, &packets)
    tracks[ring].cqDepth.set(depth.cqPending, at: time, &packets)
  }

  /// The thread as `name/tid`; the tid alone if the name is unknown.
  func taskText(_ tid: UInt32) -> String {
    aggregator.taskName(tid).map { "\($0)/\(tid)" } ?? "\(tid)"
  }

  private func write(_ finding: Finding, heldAt end: UInt64) {
    let track = tracks.findings(of: finding.ring, &packets)
    packets.instant(finding.tag, on: track, at: finding.past?.from ?? end, .finding) { details in
      details.add(.severity, "\(finding.severity.name)")
      details.add(.summary, finding.summary)
      details.add(.meaning, finding.meaning)
      details.add(.cure, finding.cure)
      if !finding.rings.isEmpty { details.add(.rings, finding.rings.map(UInt64.init)) }
      if !finding.requests.isEmpty { details.add(.requests, finding.requests) }
      guard let past = finding.past else { return }
      details.add(.heldUntil, past.until)
      details.add(.times, UInt64(past.times))
    }
  }
}
