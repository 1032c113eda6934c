import Glibc
import ProbeSupport
import Testing

@testable import UblkTarget

@Suite struct BufferWorkloadTests {
  private func finished(_ configuration: Configuration) throws -> BufferWorkload {
    let workload = try BufferWorkload(configuration)
    eventually { workload.status.load?.isDone == true }
    workload.stop()
    return workload
  }

  @Test func everyGroupIsAccountedFor() throws {
    var configuration = Configuration()
    configuration.depth = 8
    configuration.load?.count = 500
    let workload = try finished(configuration)
    let status = workload.status
    #expect(status.errors == 0)
    #expect(status.failure == nil)
    #expect(status.totals.ios >= 500)
    #expect(status.totals.groups == status.totals.ios)
    #expect(status.load!.verified > 200)
    #expect(status.queues[0].tags.allSatisfy { $0 == .idle })
    let records = workload.records
    #expect(records.count == Int(status.totals.ios))
    #expect(Set(records.map(\.number)).count == records.count)
    for record in records {
      #expect(record.fetched <= record.completed && record.completed <= record.committed)
      #expect(record.moved == record.length)
    }
  }

  @Test func aFileIsUsedAndOneWithDataIsNot() throws {
    let path = "/tmp/uringtop-buffers-\(getpid())"
    defer { unlink(path) }
    var configuration = Configuration()
    configuration.backing = .file(path)
    configuration.size = 1 << 20
    configuration.load?.count = 50
    #expect(try finished(configuration).status.errors == 0)
    let error = #expect(throws: TargetError.self) { try BufferWorkload(configuration) }
    #expect(error?.kind == .invalid)
  }

  /// Another user may have created the link.
  @Test func aLinkIsNotFollowed() throws {
    let path = "/tmp/uringtop-link-\(getpid())"
    try #require(symlink(path + "-target", path) == 0)
    defer { unlink(path) }
    var configuration = Configuration()
    configuration.backing = .file(path)
    #expect(throws: TargetError.self) { try BufferWorkload(configuration) }
    #expect(access(path + "-target", F_OK) != 0)
  }

  @Test func stoppingTwiceIsHarmless() throws {
    let workload = try BufferWorkload(Configuration())
    workload.stop()
    workload.stop()
    #expect(workload.status.load?.isDone == true)
  }
}
