import CRecord
import Testing

@testable import UringTrace

/// Tests of local buffers, a proposed io_uring feature: buffers that are set up for a single
/// submission and have no slot in the buffer table. A fixture test covers a recording from a kernel
/// patched with this feature.
struct AggregatorLocalBufferTests {
  private static let lends = UInt16(RECORD_ROLE_LENDS_LOCAL)
  private static let uses = UInt16(RECORD_ROLE_USES_LOCAL)

  private static func buffer(_ node: Int, references: Int32 = 2) -> record_buffer {
    RecordStream.buffer(
      node, index: .max, references: references, inTable: false, tag: 9)
  }

  private func tell(_ stream: inout RecordStream, _ request: Int, node: Int, role: UInt16) {
    var record = record_local_buffer()
    record.buffer = Self.buffer(node)
    record.role = UInt32(role)
    stream.add(&record, \.base, .localBuffer, request)
  }

  private func lend(_ stream: inout RecordStream, _ request: Int, node: Int) {
    stream.submit(request, "NOP", userData: UInt64(request), groupRole: Self.lends)
    tell(&stream, request, node: node, role: Self.lends)
  }

  private func borrow(_ stream: inout RecordStream, _ request: Int, node: Int) {
    stream.submit(
      request, "READ_FIXED", userData: UInt64(request), groupRole: Self.uses
    ) {
      $0.addr = 0x10_0000
      $0.len = 4096
    }
    tell(&stream, request, node: node, role: Self.uses)
  }

  private func finish(_ stream: inout RecordStream, _ request: Int, node: Int, _ result: Int32) {
    stream.use(request, Self.buffer(node))
    stream.complete(request, result)
  }

  private func stream(isWatched: Bool) -> RecordStream {
    var stream = RecordStream()
    if isWatched { stream.watchReleases() }
    stream.create()
    return stream
  }

  private func groups(_ stream: RecordStream) -> [RequestGroup] {
    stream.snapshot().groups.filter { $0.provider == .localBuffer }.sorted { $0.id < $1.id }
  }

  @Test func setUpUsedAndLetGo() throws {
    var stream = stream(isWatched: true)
    lend(&stream, 1, node: 1)
    #expect(groups(stream).map(\.state) == [.provided])
    borrow(&stream, 2, node: 1)
    borrow(&stream, 3, node: 1)
    stream.complete(1)
    finish(&stream, 2, node: 1, 4096)
    var group = try #require(groups(stream).first)
    #expect(group.state == .borrowed)
    #expect(group.holder?.request == 3)
    #expect(group.conditions.isEmpty)
    finish(&stream, 3, node: 1, 4096)
    #expect(groups(stream).map(\.state) == [.membersDone])
    stream.release(node: 1)
    group = try #require(groups(stream).first)
    #expect(stream.snapshot().groups.count == 1)
    #expect(group.state == .givenBack)
    #expect(group.leader.request == 1)
    #expect(group.members.map(\.request) == [2, 3])
    #expect(group.members.allSatisfy { $0.isConfirmed })
    #expect(group.movedBytes == 8192)
    #expect(group.buffer.index == nil)
    #expect(group.buffer.address == 0x10_0000)
    #expect(group.buffer.tag == 9)
    #expect(group.acknowledgement?.isDerived == false)
    #expect(group.conditions.isEmpty)
  }

  @Test func withoutFentryItIsLetGoWithTheLastOfLeaderAndMembers() {
    var stream = stream(isWatched: false)
    lend(&stream, 1, node: 1)
    borrow(&stream, 2, node: 1)
    finish(&stream, 2, node: 1, 4096)
    // Request 1 has set up the buffer and is still in flight, so its submission may continue.
    #expect(groups(stream).map(\.state) == [.membersDone])
    stream.complete(1)
    #expect(groups(stream).map(\.acknowledgement?.isDerived) == [true])
    #expect(groups(stream).map(\.conditions) == [GroupConditions(.partlyFilled)])
    lend(&stream, 3, node: 2)
    borrow(&stream, 4, node: 2)
    stream.complete(3)
    #expect(groups(stream).map(\.state) == [.givenBack, .borrowed])
    finish(&stream, 4, node: 2, 4096)
    #expect(groups(stream).map(\.state) == [.givenBack, .givenBack])
  }

  @Test func unusedOneIsNamed() {
    for isWatched in [false, true] {
      var stream = stream(isWatched: isWatched)
      lend(&stream, 1, node: 1)
      stream.complete(1)
      if isWatched { stream.release(node: 1) }
      #expect(groups(stream).map(\.state) == [.givenBack])
      #expect(groups(stream).map(\.conditions) == [GroupConditions(.unused)])
    }
  }

  @Test func slotOfTheSameNumberHasNothingToDoWithIt() throws {
    var stream = stream(isWatched: true)
    stream.registerBuffers([RecordStream.buffer(7, index: 0)])
    lend(&stream, 1, node: 1)
    borrow(&stream, 2, node: 1)
    stream.complete(1)
    finish(&stream, 2, node: 1, 4096)
    stream.release(node: 1)
    stream.submit(3, "READ_FIXED", userData: 3) {
      $0.addr = 0x10_0000
      $0.len = 4096
    }
    let registered = try #require(
      stream.snapshot().groups.first { $0.provider == .registered })
    #expect(registered.members.map(\.request) == [3])
    #expect(groups(stream).map { $0.members.map(\.request) } == [[2]])
  }

  @Test func nodeThatTheKernelUsesAgainIsAnotherBuffer() {
    for isWatched in [false, true] {
      var stream = stream(isWatched: isWatched)
      for first in [1, 3] {
        lend(&stream, first, node: 1)
        borrow(&stream, first + 1, node: 1)
        stream.complete(first)
        finish(&stream, first + 1, node: 1, 4096)
        if isWatched { stream.release(node: 1) }
      }
      #expect(groups(stream).map { $0.members.map(\.request) } == [[2], [4]])
      #expect(groups(stream).map(\.state) == [.givenBack, .givenBack])
    }
  }

  @Test func memberWhoseLeaderWasNotSeenShowsTheBuffer() throws {
    var stream = stream(isWatched: true)
    borrow(&stream, 2, node: 1)
    borrow(&stream, 3, node: 1)
    let group = try #require(groups(stream).first)
    #expect(!group.leader.isKnown)
    #expect(group.members.map(\.request) == [1, 2])
    #expect(group.buffer.length == 8192)
    finish(&stream, 2, node: 1, 4096)
    finish(&stream, 3, node: 1, 4096)
    stream.release(node: 1)
    #expect(groups(stream).map(\.state) == [.givenBack])
  }
}
