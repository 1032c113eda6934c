import Glibc
import Testing

import enum UringBase.OpenFlags
import enum UringBase.Procfs

@testable import UringProbe

/// Tests of reading symbols from files that a process has mapped. The process's owner may have
/// prepared such files to mislead uringtop.
@Suite struct UserSymbolTests {
  let folder = "/tmp/uringtop-symbols-\(getpid())-\(UInt32.random(in: 0 ... .max))"

  init() throws { try #require(mkdir(folder, 0o755) == 0) }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }

  private func removeFolder() {
    for name in Procfs.entries(folder) { unlink(path(name)) }
    rmdir(folder)
  }

  private func write(_ bytes: [UInt8], _ name: String) throws {
    let file = open(path(name), O_CREAT | O_WRONLY | O_TRUNC, 0o700)
    try #require(file >= 0 && Glibc.write(file, bytes, bytes.count) == bytes.count)
    close(file)
  }

  /// Returns a mapping whose file uringtop can find only by its path, as if /proc/PID/map_files
  /// were not readable.
  private func mapping(_ name: String) throws -> Mapping {
    var status = stat()
    try #require(lstat(path(name), &status) == 0)
    return Mapping(
      range: 1..<2, offset: 0, device: DeviceNumber(UInt64(status.st_dev)),
      inode: UInt64(status.st_ino), path: path(name))
  }

  private func isOpened(_ mapping: Mapping, usesPath: Bool = true) -> Bool {
    guard let file = MappedFile(mapping, of: UInt32(getpid()), usesPath: usesPath) else {
      return false
    }
    return file.reading { _ in true } ?? false
  }

  @Test func fileIsFoundByItsPath() throws {
    defer { removeFolder() }
    try write([1], "x")
    let mapping = try mapping("x")
    #expect(isOpened(mapping))
    #expect(!isOpened(mapping, usesPath: false))
  }

  @Test func anotherFileAtThePathIsNotOpened() throws {
    defer { removeFolder() }
    try write([1], "x")
    let mapping = try mapping("x")
    try write([1], "y")
    try #require(rename(path("y"), path("x")) == 0)
    #expect(!isOpened(mapping))
  }

  @Test func linksAreNotFollowed() throws {
    defer { removeFolder() }
    try write([1], "x")
    var mapping = try mapping("x")
    try #require(symlink("x", path("link")) == 0 && symlink(folder, path("folder")) == 0)
    mapping.path = path("link")
    #expect(!isOpened(mapping))
    mapping.path = path("folder/x")
    #expect(!isOpened(mapping))
  }

  /// uringtop must not open a FIFO or a device at the path of a mapped file: opening a FIFO would
  /// block.
  @Test func pipesAndDevicesAreNotOpened() throws {
    defer { removeFolder() }
    try #require(mkfifo(path("fifo"), 0o600) == 0)
    #expect(!isOpened(try mapping("fifo")))
    var device = try mapping("fifo")
    device.path = "/dev/null"
    #expect(!isOpened(device))
  }

  @Test(.enabled(if: geteuid() == 0)) func theVeryFileIsOpenedThoughItWasDeleted() throws {
    defer { removeFolder() }
    let own = try #require(Procfs.read("/proc/self/exe", limit: 1 << 16))
    try write(own, "x")
    let file = open(path("x"), O_RDONLY)
    let address = mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0)
    close(file)
    defer { munmap(address, 4096) }
    unlink(path("x"))
    try #require(mkfifo(path("x"), 0o600) == 0)
    let start = UInt64(UInt(bitPattern: address))
    let mapping = try #require(
      Mapping.executable(of: UInt32(getpid())).first { $0.range.lowerBound == start })
    #expect(isOpened(mapping, usesPath: false))
  }

  @Test func mapsAreReadLineByLine() {
    let maps = """
      1000-2000 r-xp 00000000 08:01 7                          /a\r
      2000-3000 r--p 00000000 08:01 7                          /a\r
      3000-4000 r-xp 00001000 fd:1f 8                          /b c (deleted)
      4000-5000 r-xp 00000000 00:00 0 [vdso]
      nonsense
      """
    let mappings = Mapping.executable(in: Array(maps.utf8))
    #expect(mappings.map(\.path) == ["/a?", "/b c (deleted)", "[vdso]"])
    #expect(mappings.map(\.name) == ["a?", "b c (deleted)", "[vdso]"])
    #expect(mappings[1].device == DeviceNumber("253:31", radix: 10))
    #expect(mappings[1].range == 0x3000..<0x4000 && mappings[1].offset == 0x1000)
  }

  /// uringtop must not read files on a file system that a user's program serves (such as FUSE),
  /// because the program might never answer.
  @Test func fileSystemsThatUsersServeAreNotAsked() throws {
    let text = """
      1 0 8:1 / / rw - ext4 /dev/sda1 rw
      2 1 0:50 / /home/a\\040b rw,nosuid shared:1 - fuse.sshfs host: rw
      3 1 0:51 / /over rw - overlay overlay rw
      4 1 0:52 / /tmp rw master:1 - tmpfs tmpfs rw
      """
    let mounts = FileSystems.mounts(in: Array(text.utf8))
    #expect(mounts.map(\.point) == ["/", "/home/a b", "/over", "/tmp"])
    let device = try ["8:1", "0:50", "0:51", "0:52", "0:53"].map {
      try #require(DeviceNumber($0, radix: 10))
    }
    func trusted(own: [FileSystems.Mount], others: [UInt32: [FileSystems.Mount]]) -> [Bool] {
      var systems = FileSystems(own: own, others: others)
      return device.map { systems.isTrusted($0, of: 1) }
    }
    #expect(trusted(own: mounts, others: [1: []]) == [true, false, true, true, false])
    #expect(trusted(own: [], others: [1: mounts]) == [true, false, false, true, false])
    func trusted(above path: String) -> Bool {
      var systems = FileSystems(own: [], others: [1: mounts])
      return systems.areTrusted(above: path, of: 1)
    }
    #expect(trusted(above: "/usr/lib/x") && trusted(above: "/tmp/x"))
    #expect(trusted(above: "/overlook/x"))
    #expect(!trusted(above: "/over/x"))
    #expect(!trusted(above: "/home/a b/x"))
  }

  @Test func callThatDoesNotReturnIsLeftAlone() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let (input, process) = (ends[0], UInt32.max)
    let blocked = BoundedCall.run(for: process, limit: 10_000_000) { () -> Int in
      var byte: UInt8 = 0
      return read(input, &byte, 1)
    }
    #expect(blocked == nil)
    #expect(BoundedCall.takeUnreported().contains(process))
    #expect(!BoundedCall.takeUnreported().contains(process))
    #expect(BoundedCall.run(for: process, limit: 60_000_000_000) { 1 } == nil)
    #expect(BoundedCall.run(for: process - 1, limit: 60_000_000_000) { 1 } == 1)
    close(ends[1])
    while BoundedCall.run(for: process, limit: 60_000_000_000, { 1 }) == nil { usleep(1000) }
  }
}

/// Tests of reading the symbol tables of untrusted files.
@Suite struct ELFSymbolTests {
  /// Calls `body` with the descriptor of an unlinked file that has these bytes.
  private func withFile<R>(_ bytes: [UInt8], size: Int64? = nil, _ body: (Int32) -> R) throws -> R {
    let path = "/tmp/uringtop-elf-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let file = open(path, O_CREAT | O_RDWR | O_EXCL, 0o600)
    unlink(path)
    defer { close(file) }
    try #require(file >= 0 && write(file, bytes, bytes.count) == bytes.count)
    if let size { try #require(ftruncate(file, off_t(size)) == 0) }
    return body(file)
  }

  /// Reading a damaged file must end in limited time; the names may be wrong.
  @Test func damagedProgramsAreRead() throws {
    let original = try #require(Procfs.read("/proc/self/exe", limit: 1 << 16))
    var random = SystemRandomNumberGenerator()
    try withFile(Array(original.prefix(63))) { #expect(ELFSymbols(descriptor: $0) == nil) }
    try withFile(Array("7f-8f r-xp".utf8)) { #expect(ELFSymbols(descriptor: $0) == nil) }
    try withFile(original) { #expect(ELFSymbols(descriptor: $0) != nil) }
    for _ in 0..<200 {
      var bytes = original
      // Damages the ELF header, which contains the offsets of all other parts.
      for _ in 0..<8 {
        bytes[16 + Int(random.next(upperBound: UInt(48)))] = UInt8.random(in: 0...255)
      }
      try withFile(bytes) { file in
        let offsets: Set<UInt64> = [0, UInt64.random(in: 0...UInt64.max), .max]
        _ = ELFSymbols(descriptor: file)?.describe(offsets, budget: 1 << 24)
      }
    }
  }

  /// Returns an ELF file with the functions f (0x100, 16 bytes), g (0x100, without a size), h
  /// (0x200, without a size) and i (0x300, 16 bytes).
  private static func program(tableSize: UInt64? = nil, namesSize: UInt64? = nil) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    func put<N: FixedWidthInteger>(_ number: N, _ offset: Int) {
      withUnsafeBytes(of: number.littleEndian) { source in
        for (index, byte) in source.enumerated() { bytes[offset + index] = byte }
      }
    }
    for (index, byte) in [0x7F, 0x45, 0x4C, 0x46, 2, 1].enumerated() { bytes[index] = UInt8(byte) }
    let (segments, sections, symbols, names) = (64, 256, 512, 1024)
    put(UInt64(segments), 32)
    put(UInt64(sections), 40)
    put(UInt16(56), 54)
    put(UInt16(1), 56)
    put(UInt16(64), 58)
    put(UInt16(2), 60)
    // one segment, which maps file offset 0x1000 to address 0
    put(UInt32(1), segments)
    put(UInt64(0x1000), segments + 8)
    put(UInt64(0x1000), segments + 32)
    put(UInt32(2), sections + 4)
    put(UInt64(symbols), sections + 24)
    put(tableSize ?? UInt64(4 * 24), sections + 32)
    put(UInt32(1), sections + 40)
    put(UInt64(names), sections + 64 + 24)
    put(namesSize ?? 64, sections + 64 + 32)
    let functions: [(String, UInt64, UInt64)] = [
      ("i\u{202E}\n", 0x300, 16), ("g", 0x100, 0), ("f", 0x100, 16), ("h", 0x200, 0),
    ]
    var position = 0
    for (index, function) in functions.enumerated() {
      put(UInt32(position), symbols + index * 24)
      bytes[symbols + index * 24 + 4] = 2
      put(function.1, symbols + index * 24 + 8)
      put(function.2, symbols + index * 24 + 16)
      for byte in function.0.utf8 {
        bytes[names + position] = byte
        position += 1
      }
      position += 1
    }
    return bytes
  }

  @Test func addressesGetTheFunctionThatTheyAreIn() throws {
    let offsets: Set<UInt64> = [0x10FF, 0x1100, 0x110F, 0x1110, 0x1280, 0x1305, 0x1310, 0x2000]
    let names = try withFile(Self.program()) {
      ELFSymbols(descriptor: $0)?.describe(offsets, budget: 1 << 20)
    }
    #expect(
      names == [
        0x1100: "f+0x0", 0x110F: "f+0xf", 0x1280: "h+0x80", 0x1305: "i\u{202E}?+0x5",
      ])
  }

  /// A sparse file can claim huge tables at no cost. uringtop must neither read such tables
  /// completely nor keep them in memory.
  @Test func tablesOfSparseFilesAreBounded() throws {
    let huge: UInt64 = 1 << 40
    for (table, names) in [(huge, 64), (UInt64(96), huge), (.max, .max)] {
      let found = try withFile(Self.program(tableSize: table, namesSize: names), size: 1 << 41) {
        ELFSymbols(descriptor: $0).map { $0.describe([0x1100], budget: 1 << 20) }
      }
      switch found {
      case .some(.some(let found)): #expect(found.isEmpty || found == [0x1100: "f+0x0"])
      case .some(.none): #expect(table == huge)
      case .none: Issue.record("not read")
      }
    }
  }
}
