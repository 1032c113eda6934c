import CRecord
import Testing

@testable import UringTrace

/// Tests of provided buffers, where the kernel chooses a buffer from a group.
struct AggregatorProvidedBufferTests {
  private func receive(
    _ stream: inout RecordStream, _ request: Int, bgid: UInt16 = 2,
    multishot: Bool = false
  ) {
    stream.submit(request, "RECV", userData: UInt64(request), flags: [.bufferSelect]) {
      $0.buf_index = bgid
      $0.len = 64
      if multishot { $0.ioprio = 1 << 1 }
    }
  }

  private func buffer(_ bid: UInt16, _ more: CQEFlags = []) -> CQEFlags {
    CQEFlags(rawValue: UInt32(bid) << 16 | 1).union(more)
  }

  private func registered() -> RecordStream {
    var stream = RecordStream()
    stream.create()
    var argument = record_register_argument()
    argument.opcode = 22
    argument.nr_args = 1
    argument.words = (0x7f00_0000_0000, 8 | 2 << 32, 0, 0)
    stream.add(&argument, \.base, .registerArgument, 0, ring: 1)
    stream.register(1, opcode: 22, files: 0, buffers: 0, result: 0)
    return stream
  }

  @Test func bufferRing() {
    var stream = registered()
    receive(&stream, 1)
    #expect(stream.snapshot().groups[0].state == .borrowed)
    stream.complete(1, 10, flags: buffer(5))
    let snapshot = stream.snapshot()
    #expect(snapshot.groups.count == 1)
    #expect(snapshot.groups[0].provider == .provided)
    #expect(snapshot.groups[0].leader.registerOpcode?.name == "REGISTER_PBUF_RING")
    #expect(snapshot.groups[0].members[0].bufferID == 5)
    #expect(snapshot.groups[0].movedBytes == 10)
    #expect(snapshot.buffers[0].kind == .providedRing)
    #expect(snapshot.buffers[0].bufferCount == 8)
  }

  @Test func tailTellsHowManyAreLeft() {
    var stream = registered()
    receive(&stream, 1)
    stream.complete(1, 10, flags: buffer(5))
    var tail = record_provided_tail()
    tail.bgid = 2
    tail.tail = 8
    stream.add(&tail, \.base, .providedTail, 0, ring: 1)
    #expect(stream.snapshot().buffers[0].buffersLeft == 7)
    receive(&stream, 2)
    stream.complete(2, 10, flags: buffer(6))
    #expect(stream.snapshot().buffers[0].buffersLeft == 6)
  }

  @Test func incrementalConsumptionKeepsTheBuffer() {
    var stream = registered()
    var tail = record_provided_tail()
    tail.bgid = 2
    tail.tail = 8
    stream.add(&tail, \.base, .providedTail, 0, ring: 1)
    receive(&stream, 1)
    stream.complete(1, 10, flags: buffer(5, .bufferMore))
    #expect(stream.snapshot().buffers[0].buffersLeft == 8)
  }

  @Test func noneLeft() {
    var stream = registered()
    receive(&stream, 1)
    stream.complete(1, -105)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups[0].tags == ["exhausted"])
    #expect(snapshot.buffers[0].exhaustedCount == 1)
  }

  @Test func multishotTakesOneForEachCQE() {
    var stream = registered()
    receive(&stream, 1, multishot: true)
    stream.completeUnnamed(userData: 1, 10, flags: buffer(1, .more))
    stream.completeUnnamed(userData: 1, 20, flags: buffer(2, .more))
    let group = stream.snapshot().groups[0]
    #expect(group.movedBytes == 30)
    #expect(group.members[0].bufferID == 2)
    #expect(group.state == .borrowed)
  }

  @Test func legacy() {
    var stream = RecordStream()
    stream.create()
    stream.submit(1, "PROVIDE_BUFFERS") {
      $0.fd = 4
      $0.addr = 0x5000
      $0.len = 64
      $0.buf_index = 1
    }
    stream.complete(1)
    #expect(stream.snapshot().buffers[0].buffersLeft == 4)
    receive(&stream, 2, bgid: 1)
    stream.complete(2, 10, flags: buffer(0))
    stream.submit(3, "REMOVE_BUFFERS") {
      $0.fd = 1
      $0.buf_index = 1
    }
    stream.complete(3, 1)
    let snapshot = stream.snapshot()
    #expect(snapshot.buffers[0].kind == .providedLegacy)
    #expect(snapshot.buffers[0].buffersLeft == 2)
    #expect(snapshot.groups[0].leader.request == 1)
    // The application provides one buffer again.
    stream.submit(4, "PROVIDE_BUFFERS") {
      $0.fd = 1
      $0.buf_index = 1
    }
    stream.complete(4)
    #expect(stream.snapshot().buffers[0].buffersLeft == 3)
    #expect(stream.snapshot().groups.count == 1)
  }

  @Test func unregistered() {
    var stream = registered()
    receive(&stream, 1)
    stream.complete(1, 10, flags: buffer(5))
    var argument = record_register_argument()
    argument.opcode = 23
    argument.words = (0, 2 << 32, 0, 0)
    stream.add(&argument, \.base, .registerArgument, 0, ring: 1)
    stream.register(1, opcode: 23, files: 0, buffers: 0, result: 0)
    let snapshot = stream.snapshot()
    #expect(snapshot.groups[0].state == .givenBack)
    #expect(snapshot.buffers.isEmpty)
  }
}
