import Testing

@testable import UblkTarget

@Suite struct IOLogTests {
  private func record(_ number: UInt64) -> IORecord {
    IORecord(
      number: number, queue: 0, tag: 0, operation: .read, sector: 0, length: 0, fetched: number)
  }

  @Test func keepsTheLast() {
    var log = IOLog(capacity: 4)
    #expect(log.ordered.isEmpty)
    for number in 0..<10 { log.append(record(UInt64(number))) }
    #expect(log.ordered.map(\.number) == [6, 7, 8, 9])
    #expect(log.count == 10)
  }
}
