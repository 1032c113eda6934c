import Glibc
import SystemPackage
import Testing

@testable import UringBase
@testable import UringRecordings

/// Tests of the files that an output creates, and of files that it must not change.
@Suite struct OutputFileTests {
  let folder = TemporaryFile.path("output")
  private let text = Array("new".utf8)

  init() throws { try #require(mkdir(folder, 0o700) == 0) }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }

  private func removeFolder() {
    for name in Procfs.entries(folder) { unlink(path(name)) }
    rmdir(folder)
  }

  private func write(_ text: String, _ name: String) throws {
    let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    try #require(file >= 0 && Glibc.write(file, text, text.utf8.count) == text.utf8.count)
    close(file)
  }

  private func failure(creating name: String) -> SystemPackage.Errno? {
    do throws(OutputError) {
      try OutputFile.write(text, to: path(name), owner: nil)
      return nil
    } catch {
      return error.errno
    }
  }

  @Test func newFileIsItsOwnersAlone() throws {
    defer { removeFolder() }
    try OutputFile.write(text, to: path("x"), owner: nil)
    var status = stat()
    #expect(lstat(path("x"), &status) == 0 && status.st_mode == S_IFREG | 0o600)
    #expect(Procfs.text(path("x")) == "new")
    #expect(Procfs.entries(folder) == ["x"])
  }

  @Test func fileAppearsOnlyWhenItIsPublished() throws {
    defer { removeFolder() }
    let file = try OutputFile(creating: path("x"), owner: nil)
    try file.write(text)
    #expect(Procfs.entries(folder).isEmpty)
    try file.publish()
    #expect(Procfs.text(path("x")) == "new")
    try file.write(text)
    try file.close()
    #expect(Procfs.text(path("x")) == "newnew")
  }

  @Test func droppedFileLeavesTheOldOne() throws {
    defer { removeFolder() }
    try write("old", "x")
    do {
      let file = try OutputFile(creating: path("x"), owner: nil)
      try file.write(text)
    }
    #expect(Procfs.text(path("x")) == "old")
    #expect(Procfs.entries(folder) == ["x"])
  }

  /// The output replaces the old file, so a process that has the old file open, such as a replay,
  /// can still read the old content.
  @Test func oldFileIsReplacedAndNotChanged() throws {
    defer { removeFolder() }
    try write("old", "x")
    try #require(link(path("x"), path("y")) == 0)
    try OutputFile.write(text, to: path("x"), owner: nil)
    #expect(Procfs.text(path("x")) == "new")
    #expect(Procfs.text(path("y")) == "old")
    #expect(Procfs.entries(folder).sorted() == ["x", "y"])
  }

  @Test func symbolicLinksAreRefused() throws {
    defer { removeFolder() }
    try write("old", "x")
    for (name, target) in [("full", "x"), ("dangling", "none"), ("device", "/dev/null")] {
      try #require(symlink(target, path(name)) == 0)
      #expect(failure(creating: name) == .tooManySymbolicLinkLevels)
    }
    #expect(Procfs.text(path("x")) == "old")
    #expect(!Procfs.exists(path("none")))
  }

  @Test func linkThatAppearsMeanwhileIsReplaced() throws {
    defer { removeFolder() }
    try write("old", "x")
    let file = try OutputFile(creating: path("y"), owner: nil)
    try file.write(text)
    try #require(symlink("x", path("y")) == 0)
    try file.close()
    #expect(Procfs.text(path("x")) == "old")
    #expect(Procfs.link(path("y")) == nil)
    #expect(Procfs.text(path("y")) == "new")
  }

  @Test func foldersAndBlockDevicesAreRefused() throws {
    defer { removeFolder() }
    #expect(failure(creating: "") == .isDirectory)
    #expect(failure(creating: ".") == .isDirectory)
    if geteuid() == 0, mknod(path("disk"), S_IFBLK | 0o600, makeDevice(7, 255)) == 0 {
      #expect(failure(creating: "disk") == .notSupported)
    }
  }

  @Test func devicesAndFIFOsAreWritten() throws {
    defer { removeFolder() }
    try OutputFile.write(text, to: "/dev/null", owner: nil)
    try #require(mkfifo(path("fifo"), 0o600) == 0)
    let reader = open(path("fifo"), O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    try OutputFile.write(text, to: path("fifo"), owner: nil)
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(reader, &bytes, 8) == 3)
    var status = stat()
    #expect(lstat(path("fifo"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  @Test(.enabled(if: geteuid() == 0)) func othersFIFOsAreRefused() throws {
    defer { removeFolder() }
    try #require(mkfifo(path("fifo"), 0o666) == 0 && chown(path("fifo"), 65534, 65534) == 0)
    #expect(failure(creating: "fifo") == .permissionDenied)
  }

  /// Output to /dev/fd/N starts at the descriptor's position, so existing content stays.
  @Test func ownDescriptorsAreWrittenWhereTheyAre() throws {
    defer { removeFolder() }
    try write("old", "x")
    let file = open(path("x"), O_WRONLY | O_APPEND | O_CLOEXEC)
    defer { close(file) }
    try OutputFile.write(text, to: "/dev/fd/\(file)", owner: nil)
    #expect(Procfs.text(path("x")) == "oldnew")
    #expect(throws: OutputError.self) {
      try OutputFile.write(text, to: "/dev/fd/1000000", owner: nil)
    }
  }

  @Test(.enabled(if: geteuid() == 0)) func onlyTheNewFileIsGivenAway() throws {
    defer { removeFolder() }
    try write("old", "x")
    try #require(link(path("x"), path("y")) == 0)
    let user = OutputFile.Owner(uid: 65534, gid: 65534)
    try OutputFile.write(text, to: path("x"), owner: user)
    try OutputFile.write(text, to: "/dev/null", owner: user)
    var status = stat()
    #expect(stat(path("x"), &status) == 0 && status.st_uid == 65534 && status.st_gid == 65534)
    #expect(stat(path("y"), &status) == 0 && status.st_uid == 0)
    #expect(stat("/dev/null", &status) == 0 && status.st_uid == 0)
  }

  /// On a file system without O_TMPFILE, a new file has a temporary name until it is published. If
  /// it is never published, the temporary name is removed.
  @Test(.enabled(if: geteuid() == 0)) func fileSystemsWithoutUnnamedFiles() throws {
    defer { removeFolder() }
    let file = try NewFile(
      folder: open(folder, OpenFlags.path | O_DIRECTORY), name: "x", owner: nil,
      isNamed: true)
    #expect(Procfs.entries(folder).count == 1)
    try file.publish()
    #expect(Procfs.entries(folder) == ["x"])
    do {
      let dropped = try NewFile(
        folder: open(folder, OpenFlags.path | O_DIRECTORY), name: "y", owner: nil, isNamed: true)
      #expect(dropped.descriptor >= 0)
      #expect(Procfs.entries(folder).count == 2)
    }
    #expect(Procfs.entries(folder) == ["x"])
  }

  private func makeDevice(_ major: dev_t, _ minor: dev_t) -> dev_t {
    major << 8 | minor & 0xFF | (minor & ~0xFF) << 12
  }
}
