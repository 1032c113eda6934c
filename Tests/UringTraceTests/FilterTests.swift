import Testing

@testable import UringRecordings
@testable import UringSources
@testable import UringTrace

@Suite struct FilterTests {
  let snapshot: Snapshot

  init() throws {
    snapshot = try Recording(bytes: SampleStream().binary()).snapshot(at: nil)
  }

  private func filtered(_ change: (inout Filter) -> Void) -> Snapshot {
    var filter = Filter()
    change(&filter)
    return filter.apply(to: snapshot)
  }

  @Test func emptyFilterPassesAll() {
    let result = filtered { _ in }
    #expect(result.rings.count == snapshot.rings.count)
    #expect(result.requests.count == snapshot.requests.count)
  }

  @Test func processes() {
    #expect(filtered { $0.pids = [4242] }.rings.map(\.ownerTgid) == [4242])
    let other = filtered { $0.pids = [1] }
    #expect(other.rings.isEmpty && other.requests.isEmpty && other.recent.isEmpty)
    #expect(other.latency.isEmpty && other.chains.isEmpty)
  }

  @Test func names() {
    let name = snapshot.rings[0].comm
    #expect(filtered { $0.comms = [name] }.rings.count == 1)
    #expect(filtered { $0.comms = ["other"] }.rings.isEmpty)
  }

  @Test func descriptors() {
    #expect(filtered { $0.fds = [5] }.rings.count == 1)
    #expect(filtered { $0.fds = [6] }.rings.isEmpty)
    let ofAnother = filtered {
      $0.fds = [5]
      $0.pids = [1]
    }
    #expect(ofAnother.rings.isEmpty)
  }

  @Test func opcodes() {
    let reads = filtered { $0.opcodes = [Opcode(rawValue: 22)] }
    #expect(reads.rings.count == snapshot.rings.count)
    #expect(!reads.recent.isEmpty)
    #expect(reads.recent.allSatisfy { $0.opcode.name == "READ" })
    #expect(reads.requests.isEmpty)
  }

  @Test func ages() {
    #expect(filtered { $0.minimumAge = 1 << 60 }.requests.isEmpty)
    #expect(filtered { $0.minimumAge = 1 << 60 }.recent.count == snapshot.recent.count)
  }
}
