import CRecord
import Testing

@testable import UringTrace

/// Pages of FUSE requests that the kernel lends to the FUSE server (zero copy). The fixture tests
/// cover recordings of real servers.
struct AggregatorFuseTests {
  private static let device: Int32 = 6

  private func command(
    _ stream: inout RecordStream, _ request: Int, _ number: UInt64, answers unique: UInt64 = 0,
    fd: Int32 = device, flags: SQEFlags = [], ring: UInt64 = 1
  ) {
    stream.submit(request, "URING_CMD", ring: ring, userData: UInt64(request), flags: flags) {
      $0.fd = fd
      $0.off = number
      $0.pad2 = unique
    }
  }

  private func bring(
    _ stream: inout RecordStream, _ request: Int, unique: UInt64, node: Int,
    userData: UInt64? = nil
  ) {
    var record = record_fuse_request()
    record.unique = unique
    record.operation = 15
    record.length = 8192
    record.command = 1
    record.buffer = RecordStream.buffer(node, index: 3, block: node, direction: 1)
    stream.add(&record, \.base, .fuseRequest, request)
    complete(&stream, request, userData: userData ?? UInt64(request), 0)
  }

  private func complete(
    _ stream: inout RecordStream, _ request: Int, userData: UInt64, _ result: Int32
  ) {
    var body = record_complete()
    body.user_data = userData
    body.res = result
    stream.add(&body, \.base, .complete, request)
  }

  private func member(
    _ stream: inout RecordStream, _ request: Int, flags: SQEFlags = []
  ) {
    stream.submit(request, "READ_FIXED", userData: UInt64(request), flags: flags) {
      $0.buf_index = 3
      $0.len = 8192
    }
  }

  private func use(_ stream: inout RecordStream, _ request: Int, node: Int) {
    stream.use(request, RecordStream.buffer(node, index: 3, block: node, direction: 1))
    stream.complete(request, 8192)
  }

  private func giveBack(_ stream: inout RecordStream, node: Int) {
    stream.release(node: node, block: node)
    stream.release(ring: 0, node: node, block: node, function: .fuseRelease)
  }

  private func lent(isWatched: Bool = true) -> RecordStream {
    var stream = RecordStream()
    if isWatched { stream.watchReleases() }
    stream.create()
    command(&stream, 1, 1)
    bring(&stream, 1, unique: 7, node: 1)
    return stream
  }

  @Test func lentUsedAnsweredGivenBack() {
    var stream = lent()
    var group = stream.snapshot().groups[0]
    #expect(group.provider == .fuse)
    #expect(group.state == .provided)
    #expect(group.leader.request == 1)
    #expect(group.buffer.fuse?.unique == 7)
    member(&stream, 2)
    #expect(stream.snapshot().groups.map(\.state) == [.borrowed])
    use(&stream, 2, node: 1)
    #expect(stream.snapshot().groups.map(\.state) == [.membersDone])
    command(&stream, 3, 2, answers: 7)
    giveBack(&stream, node: 1)
    group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.acknowledgement?.callback == "fuse_zero_copy_release")
    #expect(group.acknowledgement?.isDerived == false)
    #expect(group.tags == [])
  }

  @Test func withoutTheReleaseFunctionItsAnswerTells() {
    var stream = lent(isWatched: false)
    member(&stream, 2)
    use(&stream, 2, node: 1)
    command(&stream, 3, 2, answers: 7)
    let group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.acknowledgement?.isDerived == true)
  }

  @Test func answeredWhileAMemberRuns() {
    var stream = lent()
    member(&stream, 2)
    command(&stream, 3, 2, answers: 7)
    #expect(stream.snapshot().groups[0].tags == ["pinned", "answered_early"])
    // Meanwhile the kernel puts the next FUSE request's pages into the same slot.
    bring(&stream, 3, unique: 9, node: 2)
    member(&stream, 4)
    use(&stream, 4, node: 2)
    use(&stream, 2, node: 1)
    giveBack(&stream, node: 1)
    let groups = stream.snapshot().groups(.fuse)
    #expect(groups.map(\.state) == [.givenBack, .membersDone])
    #expect(groups.map { $0.members.map(\.userData) } == [[2], [4]])
    #expect(groups.map(\.tags) == [["answered_early"], []])
  }

  @Test func answerBehindAMemberIsNotGivenYet() {
    var stream = lent()
    member(&stream, 2, flags: .link)
    command(&stream, 3, 2, answers: 7)
    stream.link(3, to: 2)
    var group = stream.snapshot().groups[0]
    #expect(group.state == .borrowed)
    #expect(group.withdrawnTime == 0)
    #expect(group.tags == [])
    use(&stream, 2, node: 1)
    giveBack(&stream, node: 1)
    group = stream.snapshot().groups[0]
    #expect(group.state == .givenBack)
    #expect(group.tags == [])
  }

  @Test func answerThatIsCancelledIsGivenAgain() {
    var stream = lent()
    member(&stream, 2, flags: .link)
    command(&stream, 3, 2, answers: 7)
    stream.link(3, to: 2)
    stream.complete(2, -14)
    stream.failLink(2, cancels: 3)
    stream.complete(3, -125)
    #expect(stream.snapshot().groups[0].state == .membersDone)
    member(&stream, 4)
    use(&stream, 4, node: 1)
    command(&stream, 5, 2, answers: 7)
    giveBack(&stream, node: 1)
    let group = stream.snapshot().groups[0]
    #expect(group.members.map(\.userData) == [2, 4])
    #expect(group.state == .givenBack)
  }

  @Test func otherFilesCommandsAnswerNothing() {
    var stream = lent()
    // fd 9 is a socket, whose command has the same number as FUSE's COMMIT_AND_FETCH.
    command(&stream, 2, 2, answers: 7, fd: 9)
    command(&stream, 3, 2, answers: 7, flags: .fixedFile)
    command(&stream, 4, 1, answers: 7)
    command(&stream, 5, 2, answers: 8)
    #expect(stream.snapshot().groups.map(\.state) == [.provided])
  }

  @Test func answeredOnAnotherRing() {
    var stream = lent()
    stream.create(2, fd: 9)
    member(&stream, 2)
    use(&stream, 2, node: 1)
    command(&stream, 3, 2, answers: 7, ring: 2)
    let group = stream.snapshot().groups[0]
    #expect(group.tags == ["committed_elsewhere"])
    #expect(group.acknowledgement == nil)
  }

  @Test func requestsFromBeforeTheStart() throws {
    var stream = RecordStream()
    stream.watchReleases()
    stream.create()
    bring(&stream, 1, unique: 7, node: 1, userData: 0x77)
    // Request 9 was also submitted before the capture began. It uses the pages that the slot held
    // when it was submitted.
    stream.pollArm(9)
    stream.use(9, RecordStream.buffer(4, index: 3, block: 4, direction: 1, inTable: false))
    complete(&stream, 9, userData: 0x99, 8192)
    #expect(stream.snapshot().groups.flatMap(\.members).map(\.userData) == [0x99])
    member(&stream, 2)
    use(&stream, 2, node: 1)
    let group = try #require(stream.snapshot().groups(.fuse).first)
    #expect(group.leader.userData == 0x77)
    let name = group.provider.commandName(group.leader.command).map { "\($0)" }
    #expect(name == "FUSE_IO_URING_CMD_REGISTER")
    // The submission of request 1 was not recorded. Its descriptor is unknown, so the answer cannot
    // be matched to request 1. The release of the pages ends the group.
    command(&stream, 3, 2, answers: 7)
    giveBack(&stream, node: 1)
    #expect(stream.snapshot().groups(.fuse).map(\.state) == [.givenBack])
  }
}
