import Testing
import UringDocuments
import UringFindings
import UringTrace

/// Tests of requests that are older than the capture, if an event of a request arrives before an
/// inventory walk (BPF iterators) has found the request.
@Suite struct AttachingTests {
  /// Returns a stream with a request older than the capture. The first event of this request in the
  /// stream is its wake-up.
  private func stream() -> RecordStream {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.known[1] = RecordStream.Known(ring: 1, opcode: Opcode(name: "RECV")!, userData: 7)
    stream.taskAdd(1)
    return stream
  }

  private func document(_ snapshot: Snapshot) -> String {
    String(decoding: SnapshotDocument(snapshot, toolVersion: "").encoded(), as: UTF8.self)
  }

  @Test func whatIsNotKnownIsNotZero() throws {
    var stream = stream()
    stream.freed(1)
    let snapshot = stream.snapshot()
    let request = try #require(snapshot.recent.first)
    #expect(!request.isUserDataKnown && !request.hasResult)
    let text = document(snapshot)
    #expect(text.contains(#""user_data":null,"opcode":"RECV""#))
    #expect(text.contains(#""state":"ended""#))
    #expect(!text.contains(#""user_data":"0x0""#))
    #expect(snapshot.events.filter { $0.request == request.id }.allSatisfy { !$0.isUserDataKnown })
  }

  @Test(arguments: [0, 7]) func aCQETellsUserDataAndResult(userData: UInt64) throws {
    var stream = stream()
    stream.known[1]?.userData = userData
    stream.complete(1, 42)
    let request = try #require(stream.snapshot().recent.first)
    #expect(request.isUserDataKnown && request.userData == userData)
    #expect(request.hasResult && request.result == 42)
  }

  @Test func aWalkTellsTheRestOfARequestThatAnEventShowedFirst() throws {
    var stream = stream()
    stream.parked(1, "RECV", userData: 7, knows: [.len, .file]) {
      $0.fd = 5
      $0.len = 512
      $0.since_ns = 1
    }
    let request = try #require(stream.snapshot().inFlight(7))
    #expect(request.isUserDataKnown)
    #expect(request.file == .descriptor(5))
    #expect(request.knows(.len))
    #expect(request.submitterTid == 11)
    #expect(stream.snapshot().requests.count == 1)
  }
}
