import CRecord
import Testing
import UringFindings
import UringRecords

@testable import UringTrace

/// Tests of ublk servers with UBLK_F_BATCH_IO, which fetch the I/Os of all tags of a queue with one
/// multishot command.
@Suite struct UblkBatchTests {
  private static let (prepare, commit, fetch): (UInt32, UInt32, UInt32) = (
    0xc010_7525, 0xc010_7526, 0xc010_7527
  )

  /// Returns a stream with a ublk server. The completion of the server's first command has shown
  /// the device's flags.
  private func served(isAutomatic: Bool = true) -> RecordStream {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    stream.ublk(1, Self.prepare)
    stream.ublk(2, Self.fetch)
    stream.complete(1, command: Self.prepare, block: 0, isAutomatic: isAutomatic)
    return stream
  }

  private func use(
    _ stream: inout RecordStream, _ request: Int, block: Int, tag: UInt16, queue: UInt16 = 0
  ) {
    stream.submit(request, "READ_FIXED", userData: UInt64(request)) {
      $0.buf_index = tag
      $0.len = 8192
    }
    var body = record_block_request()
    body.block.request = RecordStream.block(block)
    body.block.length = 8192
    (body.block.queue, body.block.tag) = (queue, tag)
    CharArray.set(&body.block.disk, to: "ublkb0")
    stream.add(&body, \.base, .blockRequest, request)
    stream.use(
      request,
      RecordStream.buffer(block, index: UInt32(tag), block: block, direction: 1))
    stream.complete(request, 8192)
    stream.release(node: block, block: block)
    stream.release(ring: 0, node: block, block: block, function: .ublkIORelease)
  }

  @Test func theCommandThatDeliversLeads() {
    var stream = served()
    use(&stream, 3, block: 1, tag: 4)
    let groups = stream.snapshot().groups
    #expect(groups.map(\.provider) == [.ublkAuto])
    #expect(groups.first?.leader.request == 2)
    #expect(groups.first?.leader.command == Self.fetch)
    #expect(groups.first?.state == .givenBack)
  }

  @Test func aServerThatRegistersHasNoDerivedLeader() {
    var stream = served(isAutomatic: false)
    use(&stream, 3, block: 1, tag: 4)
    #expect(stream.snapshot().groups.map(\.provider) == [.ublk])
    #expect(stream.snapshot().groups.map(\.leader.isKnown) == [false])
    // A server registers buffers by commands if the driver could not register them. The leader of
    // later buffers is then uncertain.
    stream = served()
    stream.registerIO(5, tag: 7, slot: 9)
    use(&stream, 3, block: 1, tag: 4)
    #expect(stream.snapshot().groups.last { $0.buffer.index == 4 }?.leader.isKnown != true)
  }

  /// Buffers that the previous command delivered can be used after the next command is submitted.
  /// Only the second use of a tag must come from the next command.
  @Test func theNextCommandLeadsWhatWasCertainlyDeliveredByIt() {
    var stream = served()
    stream.complete(2, -105)
    stream.ublk(3, Self.fetch)
    use(&stream, 4, block: 1, tag: 4)
    use(&stream, 5, block: 2, tag: 4)
    let groups = stream.snapshot().groups.sorted { $0.id < $1.id }
    #expect(groups.map(\.provider) == [.ublkAuto, .ublkAuto])
    #expect(groups.map(\.leader.isKnown) == [false, true])
    #expect(groups.last?.leader.userData == stream.snapshot().requests.first?.userData)
  }

  /// If an inventory walk (BPF iterators) finds a FETCH_IO_CMDS in flight, the command's queue is
  /// unknown. The command may also be newer than the I/Os that the server has.
  @Test(arguments: [1, 2]) func aCommandThatWasFoundLeadsOnlyIfItIsAlone(count: Int) {
    var stream = RecordStream()
    stream.watchReleases()
    stream.ringFound(1)
    for request in 1...count {
      stream.parked(
        request, "URING_CMD", userData: UInt64(request), place: .command, knows: .off
      ) { $0.off = UInt64(Self.fetch) }
    }
    stream.ublk(9, Self.commit)
    stream.complete(9, command: Self.commit, block: 0, isAutomatic: true)
    use(&stream, 10, block: 1, tag: 4)
    use(&stream, 11, block: 2, tag: 4)
    let groups = stream.snapshot().groups.sorted { $0.id < $1.id }
    #expect(groups.map(\.provider) == [.ublkAuto, .ublkAuto])
    #expect(groups.map(\.leader.isKnown) == [false, count == 1])
    // When the found command has ended, the queue's next FETCH_IO_CMDS shows the queue.
    stream.complete(1, -105)
    stream.ublk(20, Self.fetch)
    use(&stream, 21, block: 3, tag: 4)
    use(&stream, 22, block: 4, tag: 4)
    let last = stream.snapshot().groups.max { $0.id < $1.id }
    #expect(last?.leader.isKnown == (count == 1))
    #expect(count > 1 || last?.leader.command == Self.fetch)
  }

  @Test func eachQueueHasItsCommand() {
    var stream = served()
    stream.ublk(3, Self.fetch, queue: 1)
    use(&stream, 4, block: 1, tag: 4, queue: 1)
    let group = stream.snapshot().groups.first
    #expect(group?.leader.request == 3)
  }

  /// A batch commit lists its tags only in the server's memory, so uringtop does not know them.
  /// After a commit, an earlier inventory walk (BPF iterators) therefore no longer proves that the
  /// server still has a block request.
  @Test(arguments: [false, true]) func anUncommittedBlockIsOneOfTheLastLook(isCommitted: Bool) {
    var stream = RecordStream()
    stream.time = 100 * 1_000_000_000
    stream.create(2, tgid: 99)
    stream.ublk(21, Self.fetch, ring: 2)
    stream.time += 4 * 1_000_000_000
    stream.disk(nil)
    stream.disk(77, tag: 3, server: 99, isWithServer: true, since: stream.time - 4 * 1_000_000_000)
    if isCommitted {
      stream.ublk(22, Self.commit, ring: 2)
      stream.complete(22, command: Self.commit, block: 0)
    }
    var diagnosis = Diagnosis()
    let found = diagnosis.findings(in: stream.snapshot()).first { $0.tag == "uncommitted-block" }
    #expect((found == nil) == isCommitted)
    #expect(found?.cure.contains("UBLK_U_IO_COMMIT_IO_CMDS") != false)
  }

  @Test(
    arguments: [
      (UInt32(0xc010_7526), false, "UBLK_U_IO_COMMIT_IO_CMDS"),
      (0xc020_7504, false, "UBLK_U_CMD_ADD_DEV"), (0xc048_4e80, false, "NVME_URING_CMD_IO"),
      (0x1200, false, "BLOCK_URING_CMD_DISCARD"), (2, true, "SOCKET_URING_OP_GETSOCKOPT"),
      (2, false, nil), (6, true, nil),
    ] as [(UInt32, Bool, String?)])
  func commandsHaveTheirNames(number: UInt32, isSocket: Bool, name: String?) {
    #expect(DriverCommand.name(number, isSocket: isSocket) == name)
  }
}
