import CRecord
import TestSupport
import Testing
import UringTrace

/// Tests of the excuses for missed events: if the kernel did not run the BPF program for an event,
/// only differences in the I/O of that event are excused.
@Suite struct MissedEventTests {
  static let runs = TargetComparisonTests.runs

  /// An event, with the indices of its records in the recording.
  private struct Event {
    var kind: RecordKind
    var time: UInt64
    var records: Set<Int>
  }

  /// The kinds of events that a ublk target causes. An event of the kind `complete` includes the
  /// records that precede it: the command, the block request and the buffer.
  private static let kinds: [RecordKind] = [.submit, .complete, .fileGet, .bufferRelease]

  private static func events(_ run: TargetRun) throws -> [Event] {
    var events: [Event] = []
    var before: [UInt64: Set<Int>] = [:]
    var number = 0
    try run.recording().forEachRecord { record in
      let request = record.pointee.req
      switch record.pointee.kind {
      case .command, .blockRequest, .bufferUse: before[request, default: []].insert(number)
      case let kind where kinds.contains(kind):
        var records: Set = [number]
        if kind == .complete { records.formUnion(before.removeValue(forKey: request) ?? []) }
        events.append(Event(kind: kind, time: record.pointee.time_ns, records: records))
      default: break
      }
      number += 1
    }
    return events
  }

  /// Compares a run with its log after removing the records of `events` from the recording.
  private static func comparison(
    _ run: TargetRun, without events: [Event], missed: [MissedEvents]
  ) throws -> TargetComparison {
    let snapshot = try run.snapshot(without: events.reduce(into: []) { $0.formUnion($1.records) })
    var account = try run.account()
    // Makes the document that was printed during the run lack the same events.
    account.groups = snapshot.groups.map(TargetAccount.Group.init)
    return TargetComparison(
      log: try run.log(), account: account, snapshot: snapshot, missed: missed)
  }

  /// Returns a sample of events of each kind, spread over a recording, whose absence can cause
  /// differences.
  private static func sample(_ run: TargetRun) throws -> [Event] {
    let all = try events(run)
    return try kinds.flatMap { kind in
      // In a run with faults the target's log lacks the results of failed commands. It then does not
      // show which differences a missing submission or completion must cause.
      if run.isFaulty, kind == .submit || kind == .complete { return [Event]() }
      let some = all.filter { $0.kind == kind }
      try #require(some.count > 20)
      return some.enumerated().filter { $0.offset % 15 == 3 }.map(\.element)
    }
  }

  @Test(arguments: runs) func isExcusedWhereItIsMissing(_ run: TargetRun) throws {
    var count = 0
    for event in try Self.sample(run) {
      let missed = MissedEvents(count: 1, earliest: event.time, latest: event.time)
      let comparison = try Self.comparison(run, without: [event], missed: [missed])
      #expect(
        comparison.differences.isEmpty,
        "\(event)\n\(comparison.differences.joined(separator: "\n"))")
      if !comparison.excuses.isEmpty { count += 1 }
    }
    #expect(count >= 3)
  }

  @Test(arguments: runs) func isNotExcusedAtAnotherTimeOrTwice(_ run: TargetRun) throws {
    let releases = try Self.events(run).filter { $0.kind == .bufferRelease }
    func tells(_ event: Event) throws -> Bool {
      try !Self.comparison(run, without: [event], missed: []).differences.isEmpty
    }
    let early = try releases.first(where: tells)
    let late = try releases.last(where: tells)
    let (first, last) = (try #require(early), try #require(late))
    let onFirst = MissedEvents(count: 1, earliest: first.time, latest: first.time)
    let onLast = MissedEvents(count: 1, earliest: last.time, latest: last.time)
    #expect(try !Self.comparison(run, without: [first], missed: [onLast]).differences.isEmpty)
    #expect(try !Self.comparison(run, without: [last], missed: [onFirst]).differences.isEmpty)
    #expect(
      try Self.comparison(run, without: [first, last], missed: [onFirst, onLast]).differences
        .isEmpty)
    var one = onFirst
    one.latest = last.time
    #expect(try !Self.comparison(run, without: [first, last], missed: [one]).differences.isEmpty)
    one.count = 2
    #expect(try Self.comparison(run, without: [first, last], missed: [one]).differences.isEmpty)
  }

  /// A request group that has complete records but differs from the target's log is reported, however
  /// many events of other requests are missed.
  @Test(arguments: runs) func excusesNoWrongGroup(_ run: TargetRun) throws {
    let changes: [(inout RequestGroup) -> Void] = [
      { $0.buffer.ublk?.sector? += 8 }, { $0.conditions.insert(.pinned) }, { $0.ring += 1 },
      { $0.acknowledgement?.callback = "io_release_ubuf" }, { $0.movedBytes += 512 },
    ]
    let missed = MissedEvents(count: 1_000, earliest: 0, latest: .max)
    for (number, change) in changes.enumerated() {
      var snapshot = try run.snapshot()
      change(&snapshot.groups[try #require(snapshot.groups.firstIndex { !$0.members.isEmpty })])
      let comparison = TargetComparison(
        log: try run.log(), account: try run.account(), snapshot: snapshot, missed: [missed])
      #expect(!comparison.differences.isEmpty, "change \(number) is excused")
    }
  }
}
