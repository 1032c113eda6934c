import CRecord
import Testing
import UringRecords

@testable import UringTrace

/// Tests of events that occur between the start of an inventory walk (BPF iterators over the
/// kernel's structures) and the arrival of its results.
@Suite struct AggregatorWalkTimeTests {
  /// Returns a stream in which a scan has found ring 1, and the time at which an inventory walk
  /// over this ring began.
  private static func walkBegun() -> (stream: RecordStream, walk: UInt64) {
    var stream = RecordStream()
    stream.ringFound(1)
    let walk = stream.time
    stream.time += 10
    return (stream, walk)
  }

  @Test func aMultishotThatMovedDuringTheWalkIsDescribed() throws {
    var (stream, walk) = Self.walkBegun()
    stream.taskAdd(1)
    stream.parked(1, "NOP", userData: 7, at: walk) {
      $0.known = UInt8(RECORD_KNOWS_MULTISHOT)
      $0.poll_events = 1
    }
    #expect(stream.snapshot().inFlight(7)?.state == .taskWork)
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.state == .pollArmed)
    #expect(request.isUserDataKnown)
  }

  @Test func whatALossMayHaveEndedSinceTheWalkIsNotDescribed() {
    var (stream, walk) = Self.walkBegun()
    stream.lost(5)
    stream.time += 10
    stream.taskAdd(1)
    stream.parked(1, "NOP", userData: 7, at: walk)
    #expect(stream.snapshot().requests.map(\.isUserDataKnown) == [false])
  }

  @Test func whatMovedOnSinceTheWalkBeganStaysWhereItIs() throws {
    var stream = RecordStream()
    let walk = stream.time
    stream.time += 10
    stream.submit(1, "READ", userData: 7)
    stream.queueAsyncWork(1)
    stream.parked(1, "READ", userData: 7, at: walk)
    #expect(stream.snapshot().requests[0].state == .worker)
    #expect(stream.snapshot().requests[0].place == .unknown)
  }

  @Test func anEventAfterTheWalkMovesItOn() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 7)
    stream.parked(1, "READ", userData: 7)
    stream.taskAdd(1)
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.state == .taskWork)
    #expect(request.place == .unknown)
  }

  @Test func whatEndedIsNotRevived() {
    var (stream, walk) = Self.walkBegun()
    stream.submit(1, "READ", userData: 7)
    stream.complete(1)
    stream.parked(1, "READ", userData: 7, at: walk)
    #expect(stream.snapshot().requests.isEmpty)
  }

  @Test func whatEndedSinceTheWalkIsNotRevivedByALoss() {
    var (stream, walk) = Self.walkBegun()
    stream.submit(1, "READ", userData: 7)
    stream.complete(1)
    stream.time += 10
    stream.lost(5)
    stream.parked(1, "READ", userData: 7, at: walk)
    #expect(stream.snapshot().requests.isEmpty)
    // An inventory walk that began after the loss of records can find a request whose submission
    // record was lost.
    stream.parked(1, "READ", userData: 7)
    #expect(stream.snapshot().requests.count == 1)
  }

  @Test func whatEndedUnknownIsNotRevived() {
    var (stream, walk) = Self.walkBegun()
    // Request 1 is older than the capture and ends before the walk's results arrive.
    stream.complete(1)
    stream.parked(1, at: walk)
    #expect(stream.snapshot().requests.isEmpty)
  }

  @Test func whatOverflowedUnknownIsNotRevived() {
    var (stream, walk) = Self.walkBegun()
    stream.overflow(userData: 7)
    stream.parked(1, userData: 7, at: walk)
    #expect(stream.snapshot().requests.isEmpty)
  }
}
