import CRecord
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

  @Test func cgroups() {
    for path in ["/", "/system.slice", "/system.slice/db.service"] {
      #expect(filtered { $0.cgroups = [path] }.rings.map(\.ownerTgid) == [4242], "\(path)")
    }
    for path in ["/system.slice/db", "/system.slice/db.service/inner", "/user.slice"] {
      let other = filtered { $0.cgroups = [path] }
      #expect(other.rings.isEmpty && other.requests.isEmpty && other.recent.isEmpty, "\(path)")
    }
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

  // MARK: Every list

  /// A snapshot in which each list has the same number of entries for process 5555 (with ring 99)
  /// as for process 4242 (with its own ring).
  private var ofTwoProcesses: Snapshot {
    var all = snapshot
    let own = all.rings[0].id
    let request = all.requests[0].id
    func fill<List: RangeReplaceableCollection>(
      _ list: WritableKeyPath<Snapshot, List>, _ elements: List,
      _ assign: (inout List.Element, _ isOwn: Bool) -> Void
    ) {
      let both = [true, false].flatMap { isOwn in
        elements.map { element in
          var element = element
          assign(&element, isOwn)
          return element
        }
      }
      all[keyPath: list] = List(both)
    }
    fill(\.rings, [all.rings[0]]) { ring, isOwn in
      if !isOwn { (ring.id, ring.ownerTgid, ring.descriptors) = (99, 5555, []) }
    }
    for list in [\Snapshot.requests, \Snapshot.recent] {
      fill(list, all[keyPath: list]) {
        ($0.id, $0.ring) = $1 ? ($0.id, own) : ($0.id + 1_000_000, 99)
      }
    }
    fill(\.chains, all.chains) { $0.ring = $1 ? own : 99 }
    fill(\.groups, all.groups) { $0.ring = $1 ? own : 99 }
    fill(\.buffers, all.buffers) { $0.ring = $1 ? own : 99 }
    fill(\.latency, all.latency) { $0.ring = $1 ? own : 99 }
    fill(\.events, all.events) { $0.ring = $1 ? own : 99 }
    fill(\.diskRequests, [all.diskRequests[0]]) {
      ($0.request, $0.serverTgid) = (nil, $1 ? 4242 : 5555)
      $0.block.device = $1 ? "own" : "other"
    }
    fill(\.workerPools, [all.workerPools[0]]) { $0.tgid = $1 ? 4242 : 5555 }
    var calls = record_system_calls()
    calls.call = .setup
    fill(\.systemCalls, [SystemCalls(&calls, ring: nil)].compactMap(\.self)) {
      $0.tgid = $1 ? 4242 : 5555
    }
    var limits = record_process_limits()
    all.processLimits = [4242: ProcessLimits(&limits), 5555: ProcessLimits(&limits)]
    var change = record_memory_change()
    (all.fileStates, all.ublkSlots, all.memoryChanges) = ([:], [:], [:])
    for id in [request, request + 1_000_000] {
      all.fileStates[id] = FileState(pollEvents: 1, text: "", time: 1)
      all.ublkSlots[id] = UblkSlot(queue: 1, tag: 2)
      all.memoryChanges[id] = MemoryChange(&change)
    }
    all.waits.time = all.time
    fill(\.waits.threads, [ThreadState(tid: 4243, tgid: 4242, wait: .runs, since: 1)]) {
      if !$1 { ($0.tid, $0.tgid) = (5555, 5555) }
    }
    fill(\.waits.files, [OpenFile(tgid: 4242, fd: 3, kind: .pipe, file: 30, inode: 300)]) {
      if !$1 { ($0.tgid, $0.file, $0.inode) = (5555, 31, 301) }
    }
    fill(\.waits.futexes, [FutexWord(tgid: 4242, address: 1, value: 2, isPrivate: true)]) {
      if !$1 { $0.tgid = 5555 }
    }
    return all
  }

  /// Names of properties that are look-up tables for other lists. They need no filter, because
  /// uringtop never shows the tables themselves.
  private static let lookups: Set = [
    "requestFlagNames", "taskNames", "processCgroups", "kernelStacks", "userStacks",
  ]

  private static let restrictions: [@Sendable (inout Filter) -> Void] = [
    { $0.pids = [4242] }, { $0.fds = [5] }, { $0.comms = ["sample"] },
    { $0.cgroups = ["/system.slice"] },
  ]

  /// A new list in the model fails here until the test and the filter handle it.
  @Test(arguments: restrictions.indices) func everyListIsFilteredByProcessAndRing(_ index: Int) {
    var all = ofTwoProcesses
    all.rings[0].comm = "sample"
    all.taskNames[4242] = "sample"
    var filter = Filter()
    Self.restrictions[index](&filter)
    let result = filter.apply(to: all)
    func expectHalf(_ value: Any, _ passed: Any) {
      for (one, other) in zip(
        Mirror(reflecting: value).children, Mirror(reflecting: passed).children)
      {
        guard let name = one.label, !Self.lookups.contains(name),
          let list = one.value as? any Collection, let rest = other.value as? any Collection
        else { continue }
        #expect(list.count > 0, "\(name) is not tested")
        #expect(rest.count == list.count / 2, "\(name)")
      }
    }
    expectHalf(all, result)
    expectHalf(all.waits, result.waits)
  }

  @Test func whoIsConnectedWithAProcessStaysInTheLookAtWaits() {
    var all = ofTwoProcesses
    // Process 5555 now holds the peer of a socket of process 4242.
    all.waits.files[1].inode = 302
    all.waits.files[0].peerInode = 302
    let result = Filter.ofProcess(4242).apply(to: all)
    #expect(result.waits.threads.map(\.tgid) == [4242, 5555])
    #expect(result.workerPools.map(\.tgid) == [4242])
  }

  /// A request that waits for a free tag of a device waits for all block requests of the device, so
  /// the filter keeps them together.
  @Test func blockRequestsOfADeviceStayTogether() {
    var all = ofTwoProcesses
    all.diskRequests[1].block.device = all.diskRequests[0].block.device
    let result = Filter.ofProcess(4242).apply(to: all)
    #expect(result.diskRequests.count == 2)
    #expect(result.waits.threads.count == 2)
  }

  @Test func aProcessThatWasRefusedARingPassesByItself() {
    var all = ofTwoProcesses
    all.systemCalls[0].tgid = 77
    all.processLimits[77] = all.processLimits[4242]
    let result = Filter.ofProcess(77).apply(to: all)
    #expect(result.rings.isEmpty)
    #expect(result.systemCalls.map(\.tgid) == [77] && result.processLimits.keys.sorted() == [77])
  }
}

extension Filter {
  fileprivate static func ofProcess(_ pid: UInt32) -> Filter {
    var filter = Filter()
    filter.pids = [pid]
    return filter
  }
}
