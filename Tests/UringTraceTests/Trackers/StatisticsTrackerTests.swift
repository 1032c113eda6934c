import Testing

@testable import UringTrace

/// Tests of the trackers for statistics and names, which do not depend on other trackers.
@Suite struct StatisticsTrackerTests {
  @Test func latencyIsCountedOnceForARequest() {
    var scene = TrackerScene()
    var statistics = StatisticsTracker()
    let ring = scene.ring()
    statistics.ringBegan(ring)
    let slot = scene.request(256, on: ring, opcode: Opcode(rawValue: 22))
    let request = scene.requests.slots.mutablePointer(to: slot)
    #expect(statistics.record(request, of: scene.requests, until: 110) == 100)
    #expect(statistics.record(request, of: scene.requests, until: 510) == nil)
    var all: [OpcodeLatency] = []
    statistics.appendLatencies(of: ring, id: 1, second: 0, to: &all)
    #expect(all.map(\.summary.count) == [1])
    #expect(all.first?.summary.max == 100)
    #expect(all.first?.opcode == Opcode(rawValue: 22))
  }

  @Test func mergedLatencyIsOverAllOpcodes() {
    var scene = TrackerScene()
    var statistics = StatisticsTracker()
    let ring = scene.ring()
    statistics.ringBegan(ring)
    statistics.record(100, of: Opcode(rawValue: 1), on: ring)
    statistics.record(300, of: Opcode(rawValue: 2), on: ring)
    let merged = statistics.mergedLatency(of: ring)
    #expect(merged.count == 2)
    #expect(merged.mean == 200)
  }

  @Test func forgottenRingLeavesNothingToTheNextInItsSlot() {
    var scene = TrackerScene()
    var statistics = StatisticsTracker()
    let ring = scene.ring()
    statistics.ringBegan(ring)
    statistics.record(100, of: Opcode(rawValue: 1), on: ring)
    statistics.ringForgotten(ring)
    #if DEBUG
      statistics.checkInvariants(rings: [])
    #endif
    statistics.ringBegan(ring)
    #expect(statistics.mergedLatency(of: ring).count == 0)
  }

  @Test func namesOfRegisteredFilesEndWithTheirRing() {
    var names = NameTracker()
    names.setFile(FileNames.FixedKey(ring: 1, index: 0), name: "a")
    names.setFile(FileNames.FixedKey(ring: 2, index: 0), name: "b")
    names.setFile(FileNames.DescriptorKey(tgid: 9, fd: 3), name: "c")
    names.ringForgotten(1)
    #expect(names.fileNames.fixed == [FileNames.FixedKey(ring: 2, index: 0): "b"])
    #expect(names.fileNames.descriptors.count == 1)
  }

  @Test func flagBeyondTheMaskIsIgnored() {
    var names = NameTracker()
    names.setFlag(bit: 2, name: "LINK")
    names.setFlag(bit: 64, name: "NONE")
    #expect(names.requestFlags == ["", "", "LINK"])
  }
}
