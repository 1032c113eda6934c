import CRecord
import Testing
import UringFindings

@testable import UringTrace

/// Tests of findings about registered files, registered buffers and memory that a program removes
/// while requests in flight use them.
@Suite struct TakenAwayTests {
  private static let second: UInt64 = 1_000_000_000

  private static func finding(_ tag: String, _ snapshot: Snapshot) -> Finding? {
    var diagnosis = Diagnosis()
    return diagnosis.findings(in: snapshot).first { $0.tag == tag }
  }

  // MARK: Registered files

  private static func socket(_ number: UInt64) -> record_file_identity {
    record_file_identity(
      file: 0xffff_8885_0000_0000 + number, inode: number, device: 8, generation: 0,
      file_system: 0x534f_434b, mode: 0o140777, anonymous: .none)
  }

  /// Returns a snapshot in which a RECV on registered file 3 has been in flight for 3 s. `table` is
  /// the content of the ring's file table at the end.
  private static func registered(
    _ table: [(UInt32, record_file_identity)], place: RecordPlace = .poll, walksAgain: Bool = true
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "RECV", userData: 0x19, flags: .fixedFile) { $0.fd = 3 }
    stream.pollArm(1)
    stream.register(1, opcode: 6, files: 8, buffers: 0, result: 1)
    stream.time += 3 * second
    let start = stream.time
    if walksAgain {
      stream.parked(1, "RECV", userData: 0x19, place: place, at: start) {
        $0.flags = 1
        $0.file = socket(7)
      }
      stream.balance(outstanding: 1, at: start)
    }
    for (index, file) in table {
      stream.registeredFile(index, references: 0, file)
    }
    return stream.snapshot()
  }

  @Test func aRequestWhoseRegisteredFileIsNotInItsSlotIsNamed() throws {
    let empty = try #require(Self.finding("withdrawn-file", Self.registered([])))
    #expect(empty.severity == .warn && empty.requests == [1])
    #expect(
      empty.summary
        == "RECV 0x19 on socket:[7] uses registered file 3, which was removed or replaced: slot 3 is empty now"
    )
    let other = try #require(
      Self.finding("withdrawn-file", Self.registered([(3, Self.socket(8)), (4, Self.socket(7))])))
    #expect(other.summary.hasSuffix("slot 3 has socket:[8] now"))
  }

  @Test func aRequestWhoseRegisteredFileIsThereIsNot() {
    #expect(Self.finding("withdrawn-file", Self.registered([(3, Self.socket(7))])) == nil)
    // The file table is empty here, but that does not show that the request holds a removed file.
    // In the first case, no inventory walk (BPF iterators) found the request after the change of the
    // table. In the second, the kernel has not issued the request, and looks the file up later.
    #expect(Self.finding("withdrawn-file", Self.registered([], walksAgain: false)) == nil)
    #expect(Self.finding("withdrawn-file", Self.registered([], place: .workQueued)) == nil)
  }

  // MARK: Registered buffers

  @Test func aBufferThatARequestHoldsWhenUringtopAttachesIsWithdrawn() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ_FIXED", userData: 0x19, knows: [.addr, .len, .buffer]) {
      $0.addr = 0x10_0000
      $0.len = 4096
      $0.since_ns = 1
    }
    stream.heldBuffer(1, node: 5, index: 0)
    stream.time += 2 * Self.second
    stream.balance(outstanding: 1)
    let finding = try #require(Self.finding("withdrawn-buffer", stream.snapshot()))
    #expect(finding.requests == [1])
    #expect(finding.summary.contains("registered buffer 0 was unregistered"))
    #expect(finding.summary.contains("READ_FIXED 0x19"))
  }

  @Test func aHeldBufferOfARequestThatHasEndedSinceIsVoid() {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ_FIXED", userData: 0x19, knows: [.buffer])
    let walk = stream.time
    stream.complete(1, 5)
    stream.heldBuffer(1, node: 5, index: 0, at: walk)
    #expect(stream.snapshot().buffers.allSatisfy { !$0.isWithdrawn })
  }

  // MARK: Memory

  /// Returns a snapshot after a system call has removed memory of a request in flight. The request
  /// (by default a READ) is on a pipe and has 4096 bytes at 0x7000.
  private static func memory(
    _ opcode: String = "READ", _ call: MemoryCall = .munmap, address: UInt64 = 0x7000,
    length: UInt64 = 4096, tgid: UInt32 = 10, advice: UInt32 = 0, isEarly: Bool = false,
    hasEnded: Bool = false
  ) -> Snapshot {
    var stream = RecordStream()
    stream.create(1)
    let before = stream.time
    stream.time += second
    stream.submit(1, opcode, userData: 0x12) {
      $0.fd = 5
      $0.addr = 0x7000
      $0.len = 4096
    }
    if hasEnded { stream.complete(1, 5) }
    stream.time += second / 5
    stream.memoryChange(
      call, address, length, tgid: tgid, advice: advice, since: isEarly ? before : stream.time)
    return stream.snapshot()
  }

  @Test(arguments: [
    (MemoryCall.munmap, "munmap(0x7000, 4096)"),
    (.mremap, "mremap, which moved 4096 bytes from 0x7000 to 0x9000,"),
  ])
  func memoryThatACallTakesFromARequestInFlightIsNamedWithTheCall(
    call: MemoryCall, text: String
  ) throws {
    let finding = try #require(Self.finding("memory-in-flight", Self.memory("READ", call)))
    #expect(finding.severity == .crit && finding.requests == [1])
    #expect(finding.summary.hasPrefix(text))
    #expect(
      finding.summary.contains(
        "by thread 100 removed memory of READ 0x12 on fd 5 200 ms after its submission"))
    #expect(finding.summary.hasSuffix("its memory at 0x7000, 4096 bytes"))
  }

  @Test func itIsFoundThoughTheRequestEndsLater() {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, "READ") {
      $0.addr = 0x7000
      $0.len = 4096
    }
    stream.memoryChange(.munmap, 0x7fff, 1, tgid: 10, since: stream.time)
    stream.complete(1, 5)
    #expect(Self.finding("memory-in-flight", stream.snapshot()) != nil)
  }

  @Test func memoryBesideARequestOfAnotherProcessOrTimeIsNotIts() {
    for snapshot in [
      Self.memory(address: 0x8000), Self.memory(address: 0x6000), Self.memory(tgid: 11),
      Self.memory(isEarly: true), Self.memory(hasEnded: true),
    ] {
      #expect(Self.finding("memory-in-flight", snapshot) == nil)
    }
  }

  @Test func discardedMemoryHarmsWhatIsSentAndNotWhatIsFilled() {
    #expect(Self.finding("memory-in-flight", Self.memory("READ", .madvise, advice: 4)) == nil)
    let sent = Self.finding("memory-in-flight", Self.memory("SEND", .madvise, advice: 4))
    #expect(sent?.summary.hasPrefix("madvise(0x7000, 4096, MADV_DONTNEED)") == true)
  }

  @Test func memoryThatALookFoundUnmappedIsNamedWithoutACall() throws {
    var stream = RecordStream()
    stream.ringFound(1)
    stream.parked(1, "READ", userData: 0x12, knows: [.addr, .len]) {
      $0.addr = 0x7000
      $0.len = 4096
    }
    stream.memoryChange(.found, 0x7000, 4096, request: 1, tgid: 10, since: 0)
    let finding = try #require(Self.finding("memory-in-flight", stream.snapshot()))
    #expect(finding.summary.contains("0x7000 is not mapped any more"))
    // A recorded call takes precedence over a check that found the memory unmapped.
    stream.memoryChange(.munmap, 0x7000, 4096, tgid: 10, since: stream.time)
    stream.memoryChange(.found, 0x7000, 4096, request: 1, tgid: 10, since: 0)
    #expect(stream.snapshot().memoryChanges.values.map(\.call) == [.munmap])
  }
}

extension RecordStream {
  fileprivate mutating func heldBuffer(
    _ request: Int, node: Int, index: UInt32, at time: UInt64? = nil
  ) {
    var body = record_held_buffer()
    body.buffer = Self.buffer(node, index: index, references: 1, inTable: false)
    let next = self.time
    if let time { self.time = time }
    add(&body, \.base, .heldBuffer, request)
    if time != nil { self.time = next }
  }

  fileprivate mutating func memoryChange(
    _ call: MemoryCall, _ address: UInt64, _ length: UInt64, request: Int = 0, tgid: UInt32,
    advice: UInt32 = 0, since start: UInt64
  ) {
    var body = record_memory_change()
    body.call = call
    body.target = call == .mremap ? 0x9000 : 0
    body.address = address
    body.length = length
    body.tgid = tgid
    body.advice = advice
    body.started_ns = start
    add(&body, \.base, .memoryChange, request, ring: request == 0 ? 0 : nil)
  }
}
