import Foundation
import ProbeSupport
import Testing

/// Tests of the configuration file with the real program in a real terminal.
@Suite(.serialized, .enabled(if: Tmux.isInstalled)) struct ConfigurationFileTests {
  private let recording: TestRecording
  private let folder: TemporaryHome

  init() throws {
    recording = try TestRecording()
    folder = try TemporaryHome()
  }

  /// An empty home directory, removed when this object is released.
  final class TemporaryHome: Sendable {
    let path = NSTemporaryDirectory() + "uringtop-home-\(UUID().uuidString)"

    init() throws {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of the configuration file that uringtop reads by default with this home.
    var file: String { path + "/.config/uringtop/config.toml" }

    func write(_ text: String) throws {
      let file = URL(filePath: file)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }

    var contents: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
  }

  private func start(
    _ arguments: String = "", environment: String = "", at moment: String = "--paused --at 10s",
    width: Int = 120
  ) throws -> Tmux {
    let variables =
      "-u XDG_CONFIG_HOME -u NO_COLOR -u COLORFGBG LC_ALL=C.UTF-8 HOME=\(folder.path) \(environment)"
    return try Tmux(
      width: width, height: 30,
      "env \(variables) \(Tmux.program) replay \(recording.path) \(moment) \(arguments); echo status $?; exec cat"
    )
  }

  private func titles(_ screen: String) -> String {
    screen.split(separator: "\n").first { $0.contains("OPCODE") }.map(String.init) ?? ""
  }

  @Test func aChangeOfColumnsIsInTheFileAndUsedAtTheNextStart() throws {
    var tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("F2")
    try tmux.wait(for: "[x] AGE")
    try tmux.send("Down", "Space")
    try tmux.wait(for: "[ ] AGE")
    try tmux.send("Escape")
    eventually { folder.contents.contains("columns = [\"!\", \"state\", \"opcode\"") }
    try tmux.send("q")
    try tmux.wait(for: "status 0")
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.file)
    #expect((attributes[.posixPermissions] as? Int) == 0o600)

    tmux = try start()
    let screen = try tmux.wait(for: "POLL_ADD")
    #expect(titles(screen).contains("STATE") && !titles(screen).contains("AGE"), "\(screen)")
  }

  @Test func whatTheUserWroteStays() throws {
    try folder.write(
      "# mine\ntheme = \"light\"\n[tables.requests] # here\nsort = 'age'\n[later]\nx = 1979-05-27\n"
    )
    chmod(folder.file, 0o640)
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("I")
    eventually { folder.contents.contains("\"-age\"") }
    #expect(
      folder.contents
        == "# mine\ntheme = \"light\"\n[tables.requests] # here\nsort = \"-age\"\n[later]\nx = 1979-05-27\n"
    )
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.file)
    #expect((attributes[.posixPermissions] as? Int) == 0o640)
  }

  @Test func aMistakeIsShownAndTheRestIsUsed() throws {
    try folder.write("theme = \"pink\"\n[filters]\nfailed = \"result<0\"\n")
    let tmux = try start("--where @failed")
    let screen = try tmux.wait(for: "config.toml:1:9: a theme is expected", "0 of 1")
    #expect(screen.contains("config.toml:1:9: a theme is expected"), "\(screen)")
    #expect(screen.contains("0 of 1"), "\(screen)")
  }

  @Test func filtersAreNamedOnTheCommandLine() throws {
    let tmux = try start("--where @failed")
    let screen = try tmux.wait(for: "status 64")
    #expect(screen.contains("--where, at 1: no filter is named 'failed'"), "\(screen)")
  }

  /// A configuration file that is missing, too large or not a regular file causes a warning.
  /// uringtop must not wait for it (for example, for the writer of a FIFO).
  @Test(arguments: ["fifo", "folder", "device", "large", "missing"])
  func whatIsNoConfigurationIsAWarning(_ kind: String) throws {
    var path = folder.path + "/" + kind
    var reason = "it is not a regular file"
    switch kind {
    case "fifo": mkfifo(path, 0o600)
    case "folder":
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    case "device": path = "/dev/zero"
    case "large":
      try Data(count: 1 << 20 + 1).write(to: URL(filePath: path))
      reason = "it is larger than 1 MiB"
    default: reason = "No such file or directory"
    }
    let tmux = try start("--config \(path)")
    let screen = try tmux.wait(for: "is not read: \(reason)", "POLL_ADD")
    #expect(screen.contains("is not read: \(reason)"), "\(screen)")
    try tmux.send("I", "F6", "Down", "Down", "Enter")
    let complaint = try tmux.wait(for: "changes are not kept for the next start")
    #expect(complaint.contains("changes are not kept for the next start"), "\(complaint)")
  }

  @Test func aLinkIsReadButNotReplaced() throws {
    try folder.write("")
    try FileManager.default.removeItem(atPath: folder.file)
    let target = folder.path + "/target.toml"
    try Data("[tables.requests]\ncolumns = ['opcode']\n".utf8).write(to: URL(filePath: target))
    try FileManager.default.createSymbolicLink(atPath: folder.file, withDestinationPath: target)
    let tmux = try start()
    let screen = try tmux.wait(for: "POLL_ADD")
    #expect(!titles(screen).contains("AGE"), "\(screen)")
    try tmux.send("F6", "Enter")
    let complaint = try tmux.wait(for: "config.toml: it is a link")
    #expect(complaint.contains("config.toml: it is a link"), "\(complaint)")
  }

  /// `replay` has dropped the right to open the file, so it cannot see what another program has
  /// changed in it. It must therefore not replace the file.
  @Test func changesOfAnotherProgramStay() throws {
    try folder.write("theme = 'dark'\n")
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try folder.write("theme = 'light'\n")
    try tmux.send("F6", "Enter")
    let complaint = try tmux.wait(for: "config.toml: another program has changed it")
    #expect(complaint.contains("config.toml: another program has changed it"), "\(complaint)")
    #expect(folder.contents == "theme = 'light'\n")
  }

  /// With `--follow`, uringtop has no right to open files, so it cannot keep changes. It reports
  /// this once.
  @Test func whatCannotBeKeptIsSaidOnce() throws {
    let tmux = try start("--follow", at: "")
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("F6", "Enter")
    let complaint = try tmux.wait(for: "changes are not kept for the next start: config.toml: ")
    #expect(complaint.contains("changes are not kept for the next start: config.toml: "))
    try tmux.send("I")
    let after = try tmux.wait(for: "AGE▲")
    #expect(after.contains("AGE▲") && !after.contains("not kept"), "\(after)")
  }

  // MARK: Under sudo

  private static let isRoot = geteuid() == 0
  private static let sudo = "SUDO_UID=65534 SUDO_GID=65533"

  private func owner(of path: String) -> [Int] {
    var status = stat()
    return lstat(path, &status) == 0 ? [Int(status.st_uid), Int(status.st_gid)] : []
  }

  @Test(.enabled(if: isRoot)) func newFilesBelongToTheUserWhoCalledSudo() throws {
    chown(folder.path, 65534, 65533)
    let tmux = try start(environment: Self.sudo)
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("F6", "Enter")
    eventually { folder.contents.contains("sort") }
    for name in ["/.config", "/.config/uringtop", "/.config/uringtop/config.toml"] {
      #expect(owner(of: folder.path + name) == [65534, 65533], "\(name)")
    }
  }

  @Test(.enabled(if: isRoot)) func rootsFilesStayRoots() throws {
    try folder.write("")
    let tmux = try start(environment: Self.sudo)
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("F6", "Enter")
    eventually { folder.contents.contains("sort") }
    #expect(owner(of: folder.file) == [0, 0])
  }

  @Test(.enabled(if: isRoot), arguments: ["folder", "file", "owner"])
  func sudoFollowsNoLinkAndReadsNoOtherUsersFile(_ kind: String) throws {
    try folder.write("theme = 1\n")
    let reason: String
    if kind == "owner" {
      chown(folder.file, 65532, 65532)
      reason = "it belongs to another user"
    } else {
      let link = kind == "file" ? folder.file : folder.path + "/.config"
      try FileManager.default.moveItem(atPath: link, toPath: folder.path + "/elsewhere")
      try FileManager.default.createSymbolicLink(
        atPath: link, withDestinationPath: folder.path + "/elsewhere")
      reason = kind == "file" ? "Too many levels of symbolic links" : "Not a directory"
    }
    let tmux = try start(environment: Self.sudo)
    let screen = try tmux.wait(for: "config.toml is not read: \(reason)")
    #expect(screen.contains("config.toml is not read: \(reason)"), "\(screen)")
  }

  @Test func noConfigNeitherReadsNorWrites() throws {
    try folder.write("theme = 1\n")
    let tmux = try start("--no-config")
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("F6", "Down", "Down", "Enter")
    let screen = try tmux.wait(for: "▲")
    #expect(!screen.contains("config.toml"), "\(screen)")
    try tmux.send("q")
    try tmux.wait(for: "status 0")
    #expect(folder.contents == "theme = 1\n")
  }

  /// `38;5;24` is the light theme's blue.
  @Test(arguments: [
    ("", "", "", false), ("--theme light", "", "", true),
    ("--theme dark", "", "theme = 'light'", false), ("", "", "theme = 'light'", true),
    ("--monochrome", "", "theme = 'light'", false), ("", "NO_COLOR=1", "theme = 'light'", false),
    ("", "COLORFGBG='0;15'", "", true), ("", "COLORFGBG='0;15'", "theme = 'dark'", false),
  ]) func theThemeIsThatOfTheOptionThenOfTheFileThenOfTheTerminal(
    _ arguments: String, _ environment: String, _ text: String, _ isLight: Bool
  ) throws {
    try folder.write(text)
    let tmux = try start(arguments, environment: environment)
    try tmux.wait(for: "POLL_ADD")
    let screen = try tmux.screen(withEscapes: true)
    #expect(screen.contains("38;5;24m") == isLight)
  }
}
