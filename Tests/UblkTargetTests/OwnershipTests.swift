import CURing
import Glibc
import Testing

@testable import UblkTarget

@Suite struct OwnershipTests {
  private let magic: UInt64 = 0x7572_7470

  private func device(number: UInt32, server: pid_t) -> curing_ublk_device {
    var device = curing_ublk_device()
    device.server_flags = magic << 32 | UInt64(number)
    device.server = server
    return device
  }

  @Test(arguments: [nil, 3] as [UInt32?])
  func recordSurvivesItsText(device: UInt32?) {
    let record = Ownership.Record(pid: 41, startTime: 1234, number: 99, device: device)
    #expect(Ownership.Record(text: record.text) == record)
  }

  @Test(arguments: ["", "1 2", "a b c", "1 2 99999999999"])
  func damagedRecordsAreNone(text: String) {
    #expect(Ownership.Record(text: text) == nil)
  }

  @Test func onlyOursIsRemoved() {
    let record = Ownership.Record(pid: 41, startTime: 1234, number: 99, device: 0)
    #expect(Ownership.isRemovable(device(number: 99, server: -1), record: record))
    #expect(Ownership.isRemovable(device(number: 99, server: 41), record: record))
    // Not removable: the device of another target, that of another program, and one whose server is
    // still running.
    #expect(!Ownership.isRemovable(device(number: 98, server: -1), record: record))
    var foreign = device(number: 99, server: -1)
    foreign.server_flags = 99
    #expect(!Ownership.isRemovable(foreign, record: record))
    #expect(!Ownership.isRemovable(device(number: 99, server: getpid()), record: record))
  }

  @Test func startTimes() throws {
    let own = try #require(Ownership.startTime(of: getpid()))
    #expect(own > 0)
    #expect(Ownership.startTime(of: getpid()) == own)
    #expect(Ownership.startTime(of: Int32.max) == nil)
  }
}
