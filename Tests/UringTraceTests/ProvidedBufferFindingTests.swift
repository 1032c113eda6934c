import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of findings about buffer rings: entries that the application did not write, and buffers
/// that the ring contains twice.
@Suite struct ProvidedBufferFindingTests {
  private func receive(_ stream: inout RecordStream, _ request: Int) {
    stream.submit(request, "RECV", userData: UInt64(request), flags: .bufferSelect) {
      $0.buf_index = 5
    }
  }

  private func findings(_ tag: String, _ stream: RecordStream) -> [Finding] {
    var (stream, diagnosis) = (stream, Diagnosis())
    return diagnosis.findings(in: stream.snapshot()).filter { $0.tag == tag }
  }

  private func refused(address: UInt64) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    receive(&stream, 1)
    stream.complete(1, -105)
    stream.providedGroup(5, left: 7, entries: 8) {
      $0.head_is_known = 1
      $0.head_address = address
      $0.head_length = 256
      $0.head_slot = 1
    }
    return stream
  }

  @Test func anEntryWithoutAnAddressIsNamed() throws {
    let finding = try #require(findings("buffers-exhausted", refused(address: 0)).first)
    #expect(finding.severity == .warn)
    #expect(
      finding.summary
        == "RECV 0x1 on fd 0 failed with ENOBUFS (once) though group 5 has 7 of 8 left: "
        + "the entry at the head (slot 1) has address 0")
    #expect(finding.cure.contains("mask"))
  }

  @Test func anEntryWithAnAddressIsNotBlamed() throws {
    let finding = try #require(findings("buffers-exhausted", refused(address: 0x1000)).first)
    #expect(!finding.summary.contains("entry at the head"))
  }

  /// If a group has provided a buffer, the application once filled the group, even if it removed
  /// the group later.
  @Test(arguments: [false, true]) func onlyAGroupThatNeverHadBuffersIsMissed(hadBuffers: Bool) {
    var stream = RecordStream()
    stream.create(1)
    if hadBuffers {
      receive(&stream, 1)
      // IORING_CQE_F_BUFFER, with buffer 3.
      stream.complete(1, 100, flags: CQEFlags(rawValue: 1 | 3 << 16))
    }
    receive(&stream, 2)
    stream.complete(2, -105)
    stream.ringClosed(1)
    let summaries = findings("buffers-exhausted", stream).map(\.summary)
    #expect(summaries.contains { $0.contains("no buffer of group 5 was seen") } != hadBuffers)
  }

  /// A RECV that fails with ENOBUFS takes no buffer. The group's state from an earlier inventory
  /// walk (BPF iterators) therefore remains valid.
  @Test func aRefusalDoesNotVoidTheLook() {
    var stream = refused(address: 0)
    receive(&stream, 2)
    stream.complete(2, -105)
    let buffer = stream.snapshot().buffers[0]
    #expect(buffer.buffersLeft == 7 && buffer.head?.address == 0)
    receive(&stream, 3)
    stream.complete(3, 10, flags: CQEFlags(rawValue: 4 << 16 | 1))
    #expect(stream.snapshot().buffers[0].head == nil)
  }

  private func twice(_ second: UInt16) -> RecordStream {
    var stream = RecordStream()
    stream.create(1)
    receive(&stream, 1)
    var body = record_provided_twice()
    body.bgid = 5
    body.bid = 3
    stream.add(&body, \.base, .providedTwice, 1)
    stream.complete(1, 6, flags: CQEFlags(rawValue: 3 << 16 | 1))
    receive(&stream, 2)
    stream.complete(2, 6, flags: CQEFlags(rawValue: UInt32(second) << 16 | 1))
    return stream
  }

  @Test func theRequestsThatGotOneBufferAreNamed() throws {
    let finding = try #require(findings("buffer-twice", twice(3)).first)
    #expect(finding.requests == [2, 1])
    #expect(
      finding.summary.hasPrefix(
        "RECV 0x2 on fd 0 got buffer 3 of group 5, which RECV 0x1 on fd 0 had got "))
  }

  @Test func whoGotAnotherBufferIsNot() throws {
    let finding = try #require(findings("buffer-twice", twice(4)).first)
    #expect(finding.requests.isEmpty)
    #expect(finding.summary == "buffer 3 of group 5 was in the buffer ring twice")
  }
}
