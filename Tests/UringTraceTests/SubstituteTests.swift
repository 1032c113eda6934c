import Testing

@testable import UringRedaction

/// Tests of the substitutes for addresses and names in redacted recordings.
@Suite struct SubstituteTests {
  // MARK: Numbers

  @Test func equalNumbersHaveEqualSubstitutesAndOthersDoNot() {
    var random = SeededRandom(state: 7)
    var numbers = NumberSubstitutes()
    var given: [UInt64: UInt64] = [:]
    var values: [UInt64] = (0..<2_000).map { _ in random.next() >> (random.next() % 60) }
    values += values.shuffled(using: &random)
    for value in values {
      let substitute = numbers.user(value)
      #expect(given[value, default: substitute] == substitute)
      given[value] = substitute
    }
    #expect(Set(given.values).count == given.count)
    #expect(given.allSatisfy { $0.key < 1 << 16 || $0.key != $0.value })
    for _ in 0..<2_000 { _ = numbers.kernel(random.next() | 0xffff << 48) }
    let address = numbers.kernel(0xffff_8881_0000_1000)
    #expect(address >> 48 == 0xffff)
    #expect(numbers.kernel(0xffff_8881_0000_1000) == address)
    #expect(numbers.kernel(0) == 0 && numbers.kernel(6) == 6)
  }

  @Test func memoryThatOverlapsStillDoes() {
    var numbers = NumberSubstitutes()
    let start = numbers.user(0x7f12_3456_7000)
    #expect(numbers.user(0x7f12_3456_8000) == start + 0x1000)
    #expect(numbers.user(0x7f12_0000_0abc) == start - 0x3456_6544)
    #expect(numbers.user(0x7f12_0000_0abc) & 0xffff == 0xabc)
    // The substitute of an address in another area does not reveal its distance from this area.
    #expect(numbers.user(0x5566_3456_7000) != start &- (0x7f12_3456_7000 - 0x5566_3456_7000))
  }

  @Test func smallNumbersStay() {
    var numbers = NumberSubstitutes()
    let small: [UInt64] = [0, 1, 65_535, .max, 0 &- 65_536]
    for value in small { #expect(numbers.user(value) == value) }
    let large: [UInt64] = [65_536, 0x40_1000, 0 &- 65_537]
    for value in large { #expect(numbers.user(value) != value) }
    #expect(numbers.user(0xffff_ffff, keepingBelow: 1 << 32) == 0xffff_ffff)
    #expect(numbers.user(1 << 32, keepingBelow: 1 << 32) != 1 << 32)
    #expect(numbers.inode(0) == 0 && numbers.inode(77) == 1 && numbers.inode(78) == 2)
    #expect(numbers.other(0 &- 1) == 0 &- 1 && numbers.other(1000) == 1)
  }

  @Test func forgedRecordingsFillNoMemory() {
    var numbers = NameSubstitutes(limits: NameSubstitutes.Limits(numbers: 100))
    for value in 0...UInt64(100) { _ = numbers.numbers.inode(value + 1) }
    #expect(numbers.isFull)
    var names = NameSubstitutes()
    let name = String(repeating: "x", count: 1 << 20)
    for value in 0..<65 { _ = names.task("\(value)\(name)"[...]) }
    #expect(names.isFull)
  }

  // MARK: Names

  private static let texts = [
    ("/home/ann/data.db", "/path1"),
    ("/home/ann/my file (deleted)", "/path1 (deleted)"),
    ("/memfd:ann (deleted)", "/memfd:name1 (deleted)"),
    ("/dev/nvme0n1", "/dev/nvme0n1"),
    ("/dev/pts/3", "/dev/pts/3"),
    ("/dev/shm/ann", "/path1"),
    ("/dev/mapper/vg-ann", "/path1"),
    ("anon_inode:[eventfd]", "anon_inode:[eventfd]"),
    ("pipe:[4711]", "pipe:[1]"),
    ("", ""),
    (
      "socket:[4711] (tcp 10.1.2.3:80, peer [fe80::1]:4711, established), with 5 bytes unread",
      "socket:[1] (tcp 240.0.0.1:80, peer [2001:db8::0:1]:4711, established), with 5 bytes unread"
    ),
    ("tcp 127.0.0.1:80, listening", "tcp 127.0.0.1:80, listening"),
    ("tcp [::]:80, peer [::ffff:10.1.2.3]:5", "tcp [::]:80, peer [::ffff:240.0.0.1]:5"),
    ("unix stream /run/ann.sock, peer process ann/12", "unix stream /path1, peer process task1/12"),
    (
      "unix stream @ann, peer process 12, which has ended",
      "unix stream @name1, peer process 12, which has ended"
    ),
    (
      "write end: cat/12 fd 1, my app/13 fd 2 and 5 more",
      "write end: task1/12 fd 1, name1 task2/13 fd 2 and 5 more"
    ),
    ("nobody can write to it", "nobody can write to it"),
    ("read end: registered with a ring", "read end: registered with a ring"),
    ("fires in 2.5 s", "fires in 2.5 s"),
    ("signals 1, 15", "signals 1, 15"),
    ("watches 3 descriptors", "watches 3 descriptors"),
    ("process ann/7", "process task1/7"),
    ("its process has ended", "its process has ended"),
    ("ann's words 1.2.3", "name1 name2 name3"),
    ("socket:[9]\nudp 10.1.2.3:5", "socket:[1]\nudp 240.0.0.1:5"),
  ]

  @Test(arguments: texts) func namesInTextAreReplaced(text: String, expected: String) {
    var names = NameSubstitutes()
    let once = names.text(text)
    #expect(once == expected)
    var again = NameSubstitutes()
    #expect(again.text(once) == once)
  }

  @Test func framesOfProgramsAreReplaced() {
    var names = NameSubstitutes()
    let text = """
      io_uring_submit+0x1c (liburing.so.2)
      std::sort(a, b) [clone]+0x4 (ann (1))
      0x7f1234567000
      0x1234 (ann)
      io_uring_submit+0x20 (liburing.so.2)
      """
    let address = String(names.numbers.user(0x7f12_3456_7000), radix: 16)
    let lines = names.frames(text).split(separator: "\n")
    #expect(lines[0] == "function1+0x1c (file1)")
    #expect(lines[1].hasPrefix("function2"))
    #expect(lines[2] == "0x\(address)")
    #expect(lines[3].hasPrefix("0x1234 (file"))
    #expect(lines[4] == "function1+0x20 (file1)")
    #expect(!lines.joined().contains("ann") && !lines.joined().contains("sort"))
  }

  @Test func framesOfTheKernelKeepTheirFunctions() {
    var names = NameSubstitutes()
    let lines = names.addresses("io_wq_worker+0x1c\n0xffffffff81234567").split(separator: "\n")
    #expect(lines == ["io_wq_worker+0x1c", "0xffff000000000100"])
  }

  @Test func threadsOfIOURingKeepTheirNames() {
    var names = NameSubstitutes()
    #expect(names.task("iou-sqp-4711"[...]) == "iou-sqp-4711")
    #expect(names.task("iou-wrk-nginx"[...]) == "task1")
    #expect(names.task("nginx"[...]) == "task2")
    #expect(names.task("iou-wrk-nginx"[...]) == "task1")
    #expect(names.task(""[...]) == "")
  }
}
