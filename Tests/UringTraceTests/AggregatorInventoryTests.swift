import CRecord
import Testing
import UringRecords
import UringTrace

/// Requests found by an inventory walk (BPF iterators over the kernel's structures), combined with
/// events.
@Suite struct AggregatorInventoryTests {
  @Test func aRequestOlderThanTheCaptureAppears() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 7, knows: [.off, .len, .file]) {
      $0.off = 4096
      $0.len = 512
      $0.fd = 5
      $0.since_ns = 1
    }
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.state == .pollArmed)
    #expect(request.place == .poll)
    #expect(!request.isStartKnown)
    #expect(!request.isSQEKnown)
    #expect(request.startTime == 1)
    #expect(request.file == .descriptor(5))
    #expect(request.sqe.off == 4096)
    #expect(request.knows(.len))
    #expect(!request.knows(.addr))
    #expect(request.kinds == [.found])
  }

  @Test func aBlockRequestIsWhatADiskRequestWaitsFor() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 7, place: .block)
    stream.disk(nil)
    stream.disk(1, tag: 3, server: 99, isWithServer: true)
    stream.disk(0, tag: 4)
    var snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(7))
    #expect(snapshot.diskRequests.map(\.block.tag) == [3, 4])
    #expect(snapshot.diskRequests.map(\.request) == [request.id, nil])
    let cause = try #require(snapshot.cause(of: request))
    #expect(cause.kind == .device)
    #expect(
      cause.text == "ublkb0 queue 0 tag 3: read of 4096 bytes at sector 8, "
        + "which its server thread 99 holds and has not committed")
    // The next inventory walk finds no block request.
    stream.disk(nil)
    snapshot = stream.snapshot()
    #expect(snapshot.diskRequests.isEmpty)
    #expect(snapshot.cause(of: request)?.kind == .device)
    stream.complete(1, 1)
    snapshot = stream.snapshot()
    #expect(snapshot.cause(of: try #require(snapshot.ended(7))) == nil)
  }

  @Test func registeredFilesAreThoseOfTheLastWalk() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.balance(outstanding: 0)
    stream.registeredFile(0, references: 2)
    stream.registeredFile(3, references: -1)
    let files = stream.snapshot().rings[0].files
    #expect(files.map(\.index) == [0, 3])
    #expect(files.map(\.references) == [2, nil])
    stream.balance(outstanding: 0)
    #expect(stream.snapshot().rings[0].files.isEmpty)
  }

  @Test func whatABufferRingHasLeftIsKnownUntilOneIsTaken() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.providedGroup(7, left: 3, entries: 8)
    let buffer = try #require(stream.snapshot().buffers.first)
    #expect(buffer.kind == .providedRing)
    #expect(buffer.index == 7)
    #expect(buffer.buffersLeft == 3)
    #expect(buffer.bufferCount == 8)
    stream.submit(1, "RECV", userData: 9, flags: .bufferSelect) { $0.buf_index = 7 }
    #expect(stream.snapshot().buffers.first?.buffersLeft == 3)
    // The application can provide the buffer again at once, without an event. The number of buffers
    // left is therefore unknown.
    stream.complete(1, 64, flags: CQEFlags(rawValue: 5 << 16 | 1))
    #expect(stream.snapshot().buffers.first?.buffersLeft == nil)
    stream.providedGroup(7, left: 8, entries: 8)
    #expect(stream.snapshot().buffers.first?.buffersLeft == 8)
  }

  @Test func buffersProvidedOneByOneAreCountedFromTheWalkOn() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.providedGroup(7, left: 3)
    stream.submit(1, "RECV", userData: 9, flags: .bufferSelect) { $0.buf_index = 7 }
    stream.complete(1, 64, flags: CQEFlags(rawValue: 5 << 16 | 1))
    let buffer = try #require(stream.snapshot().buffers.first)
    #expect(buffer.kind == .providedLegacy)
    #expect(buffer.buffersLeft == 2)
  }

  @Test func aFoundRequestBorrowsTheBufferThatItNames() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.tableRead([RecordStream.buffer(1, index: 0)], size: 1, count: 1)
    stream.parked(1, "READ_FIXED", userData: 7, knows: [.off, .addr, .len, .buffer]) {
      $0.buf_index = 0
    }
    let snapshot = stream.snapshot()
    let buffer = try #require(snapshot.buffers.first)
    #expect(buffer.borrowers == [try #require(snapshot.inFlight(7)).id])
    stream.complete(1, 10)
    #expect(stream.snapshot().buffers.first?.borrowers.isEmpty == true)
  }

  @Test(arguments: [
    (UInt32(0), Int32(0), "any child"), (1, 55, "process 55"), (2, 55, "a process of group 55"),
    (3, 5, "the process of pidfd 5"),
  ])
  func aWaitNamesItsProcess(idType: UInt32, id: Int32, text: String) throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "WAITID", userData: 7, place: .waitid, knows: [.len]) {
      $0.len = idType
      $0.fd = id
    }
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(7))
    #expect(snapshot.cause(of: request)?.text == text + " to change its state")
    #expect(request.file == nil)
  }

  @Test func aUblkCommandWaitsForItsTag() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "URING_CMD", userData: 7, place: .command, knows: [.off, .file]) {
      $0.off = 0xc010_7520  // UBLK_U_IO_FETCH_REQ
      $0.fd = 5
      $0.ublk = 1 << 31 | 2 << 16 | 9
    }
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.inFlight(7))
    #expect(snapshot.ublkSlots[request.id] == UblkSlot(queue: 2, tag: 9))
    #expect(snapshot.cause(of: request)?.kind == .driver)
    #expect(snapshot.cause(of: request)?.text.hasPrefix("an I/O on queue 2 tag 9 of ") == true)
  }

  @Test func whatWaitsInAChainWaitsForItsHead() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 7, knows: [.file]) {
      $0.fd = 5
      $0.poll_events = 0xC000_207B
    }
    stream.parked(2, "WRITE", userData: 8, place: .linked, behind: 1)
    stream.parked(3, "FSYNC", userData: 9, place: .linked, behind: 2)
    let snapshot = stream.snapshot()
    let head = try #require(snapshot.inFlight(7))
    let last = try #require(snapshot.inFlight(9))
    #expect(snapshot.cause(of: head)?.text == "POLLIN of descriptor 5")
    #expect(snapshot.cause(of: last)?.request == head.id)
    #expect(
      snapshot.cause(of: last)?.text
        == "request \(head.id) (READ) of its chain, which waits for POLLIN of descriptor 5")
  }

  @Test func aRequestLeadsToItsStack() throws {
    var stream = RecordStream()
    stream.submit(1, "READ", userData: 7)
    stream.submitStack(1, tgid: 10, stack: 0)
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.userStackKey?.stack == 0)
    #expect(request.userStackKey?.tgid == request.submitterTgid)
  }

  @Test func itsCompletionEndsIt() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, userData: 7)
    stream.complete(1, 1)
    let snapshot = stream.snapshot()
    #expect(snapshot.ended(7)?.state == .completed)
    #expect(snapshot.counts.unmatched == 0)
    // The request's start is unknown, so it has no latency.
    #expect(snapshot.latency.isEmpty)
  }

  @Test func aMultishotThatWasFoundGoesOn() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, userData: 7) {
      $0.known = UInt8(RECORD_KNOWS_MULTISHOT)
      $0.poll_events = 1
    }
    stream.completeUnnamed(userData: 7, 1, flags: .more)
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.cqeCount == 1)
    #expect(request.state == .pollArmed)
  }

  @Test func aKnownRequestIsPlaced() throws {
    var stream = RecordStream()
    stream.submit(1, "POLL_ADD", userData: 7)
    stream.parked(1, userData: 7)
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 1)
    #expect(snapshot.requests[0].state == .pollArmed)
    #expect(snapshot.requests[0].isStartKnown)
    #expect(snapshot.requests[0].isSQEKnown)
  }

  @Test func allOfANewRingAreKnown() {
    var stream = RecordStream()
    stream.create(1)
    stream.parked(1, userData: 7)
    #expect(stream.snapshot().requests.isEmpty)
  }

  @Test func itAppearsAfterALoss() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "NOP", userData: 6)
    stream.lost(5)
    stream.parked(2, userData: 7)
    #expect(stream.snapshot().inFlight(7) != nil)
  }

  @Test func chainsAreRebuilt() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 1)
    stream.parked(2, "WRITE", userData: 2, place: .linked, behind: 1)
    stream.parked(3, "FSYNC", userData: 3, place: .linked, behind: 2)
    let snapshot = stream.snapshot()
    let chain = try #require(snapshot.chains.first)
    #expect(chain.members.map(\.userData) == [1, 2, 3])
    #expect(chain.members.map(\.state) == [.pollArmed, .linked, .linked])
  }

  @Test func theWorkerThatExecutesItIsNamed() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "OPENAT", userData: 7, place: .workRunning)
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.state == .worker)
    #expect(request.workerTid == 77)
    #expect(request.submitterTid == 11)
  }

  @Test func aTimeoutKnowsItsStart() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "TIMEOUT", userData: 7, place: .timeout) {
      $0.known = UInt8(RECORD_KNOWS_START)
      $0.since_ns = 500
      $0.expires_ns = 9_000_000_000
    }
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.isStartKnown)
    #expect(request.startTime == 500)
    #expect(request.expiryTime == 9_000_000_000)
  }

  @Test func theBalanceIsThatOfTheWalksBeginning() throws {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.submit(2, userData: 2)
    let walk = stream.time
    stream.time += 10
    stream.complete(1)
    stream.submit(3, userData: 3)
    stream.balance(outstanding: 2, at: walk)
    let balance = try #require(stream.snapshot().rings[0].balance)
    #expect(balance.accounted == 2)
    #expect(balance.unaccounted == 0)
  }

  @Test func whatNobodyKnowsIsCounted() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, userData: 1)
    stream.balance(outstanding: 5)
    #expect(stream.snapshot().rings[0].balance?.unaccounted == 4)
  }

  @Test func aZeroCopySendCountsTwiceUntilItsResult() throws {
    var stream = RecordStream()
    stream.submit(1, "SEND_ZC", userData: 1, notification: 2)
    stream.balance(outstanding: 2)
    #expect(stream.snapshot().rings[0].balance?.unaccounted == 0)
    stream.complete(1, 10, flags: .more)
    stream.balance(outstanding: 1)
    #expect(stream.snapshot().rings[0].balance?.accounted == 1)
  }

  @Test func depthAndWaiter() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.depth(sq: 4, cq: 5, waiter: 100)
    let ring = stream.snapshot().rings[0]
    #expect(ring.sqPending == 4)
    #expect(ring.cqPending == 5)
    #expect(ring.waiter?.missing == 3)
    #expect(ring.waiter?.since == nil)
    let time = stream.time
    stream.wait(1, for: 8)
    #expect(stream.snapshot().rings[0].waiter?.since == time)
    #expect(stream.snapshot().rings[0].waiter?.minEvents == 8)
  }

  @Test func manyFoundDoNotForgetWhatEnded() {
    var stream = RecordStream()
    stream.ringFound(1)
    let walk = stream.time
    stream.time += 10
    for request in 1...100 {
      stream.submit(request, userData: 1)
      stream.complete(request)
    }
    for request in 101...20_000 { stream.parked(request, userData: 2, at: walk) }
    for request in 1...100 { stream.parked(request, "NOP", userData: 1, at: walk) }
    let snapshot = stream.snapshot()
    #expect(snapshot.requests.count == 19_900)
    #expect(snapshot.inFlight(1) == nil)
  }
}
