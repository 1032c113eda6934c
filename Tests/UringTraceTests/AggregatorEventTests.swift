import CRecord
import Testing
import UringTrace

@Suite struct AggregatorEventTests {
  @Test func eventsNameRequestAndRing() throws {
    var stream = RecordStream()
    stream.create(fd: 5)
    stream.submit(1, "READ", userData: 7, flags: .async) { $0.fd = 9 }
    stream.pollArm(1, events: 4)
    stream.complete(1, -5, flags: .socketNonEmpty)
    let events = stream.snapshot().events
    #expect(events.map(\.kind) == [.create, .submit, .pollArm, .complete])
    #expect(events.map(\.ring) == [1, 1, 1, 1])
    #expect(events.map(\.request) == [0, 1, 1, 1])
    #expect(events.map(\.value) == [5, 9, 0, -5])
    #expect(events.map(\.flags) == [0, 1 << 4, 4, 1 << 2])
    #expect(events[3].userData == 7)
    #expect(events[3].opcode == op("READ"))
    #expect(events[1].tid == 100)
  }

  @Test func logKeepsTheLastEvents() {
    var limits = Aggregator.Limits()
    limits.events = 3
    var stream = RecordStream()
    for number in 1...5 { stream.submit(number, userData: UInt64(number)) }
    // A file name is not an event, so a file-name record adds no entry to the event log.
    stream.fileName(fd: 3, "x")
    #expect(stream.snapshot(limits: limits).events.map(\.userData) == [3, 4, 5])
  }

  @Test func lastEventIsThatOfTheLastRecord() {
    var stream = RecordStream()
    stream.submit(1, userData: 1)
    stream.fileName(fd: 3, "x")
    #expect(stream.replay().lastEvent?.kind == .fileName)
    stream.complete(1, 44)
    #expect(stream.replay().lastEvent?.value == 44)
  }

  @Test func linkEventsNameBothRequests() {
    var stream = RecordStream()
    stream.submit(1, userData: 1, flags: .link)
    stream.submit(2, userData: 2)
    stream.link(2, to: 1)
    stream.failLink(1, cancels: 2)
    let events = stream.snapshot().events.suffix(2)
    #expect(events.map(\.request) == [2, 1])
    #expect(events.map(\.value) == [1, 2])
  }
}
