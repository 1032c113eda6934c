import CBPF
import Glibc
import ProbeSupport
import Testing
import UringBase

@testable import UringProbe

/// Tests of reading other processes' state. Such a read must not wait for the other process.
@Suite struct OtherProcessTests {
  /// uringtop must not read a page that is not present, because the read could wait for a page
  /// fault handler of that process (userfaultfd).
  @Test func memoryThatIsNotThereIsNotRead() throws {
    let size = 2 * Int(getpagesize())
    let memory = try #require(
      mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, size) }
    let (own, address) = (ProcessMemory(UInt32(getpid())), UInt64(UInt(bitPattern: memory)))
    #expect(own.words(at: address, count: 1) == nil)
    memory.storeBytes(of: 7, as: UInt32.self)
    #expect(own.words(at: address, count: 1) == [7])
    // The second page is not present.
    let last = address + UInt64(getpagesize()) - 4
    #expect(own.words(at: last, count: 1) == [0])
    #expect(own.words(at: last, count: 2) == nil)
    #expect(own.words(at: .max - 3, count: 1) == nil)
  }

  @Test func onlyNamesInTheCacheAreFollowed() throws {
    let path = "/tmp/uringtop-known-\(getpid())"
    let file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    defer {
      close(file)
      unlink(path)
    }
    // The kernel's search for the path can fail if other names change at the same time, so the test
    // retries.
    #expect(
      eventually {
        let found = cbpf_open_known(path)
        if found >= 0 { close(found) }
        return found >= 0
      })
    #expect(cbpf_open_known("/proc/self/fd/\(file)") < 0)
    #expect(cbpf_open_known(path + "-not") < 0)
  }

  @Test func descriptorsAreAskedByName() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let own = UInt32(getpid())
    let name = try #require(DescriptorCopy.name(ends[0], of: own))
    #expect(DescriptorCopy.isPipe(name) && !DescriptorCopy.isSocket(name))
    try #require(write(ends[1], "12345", 5) == 5)
    let unread = DescriptorCopy.ask(ends[0], of: own) { cbpf_pending_bytes($0, false) }
    #expect(unread == 5)
    #expect(DescriptorCopy.name(-1, of: own) == nil)
  }

  @Test(
    arguments: [
      (nil, 64, 64), (200, 64, 64), (112, 64, 64), (111, 64, 32), (79, 64, 16), (56, 8, 8),
      (49, 64, 1), (48, 64, nil), (0, 8, nil),
    ] as [(UInt64?, Int, Int?)])
  func recordBufferFitsTheLimit(megabytes: UInt64?, wanted: Int, expected: Int?) {
    let limit = MemoryLimit(available: megabytes.map { $0 << 20 })
    let size = try? limit.recordBufferSize(atMost: wanted << 20)
    #expect(size == expected.map { $0 << 20 })
  }
}
