import Foundation
import ProbeSupport
import Testing

/// Tests of the real program in a real terminal.
@Suite(.serialized, .enabled(if: Tmux.isInstalled)) struct TerminalTests {
  private let recording: TestRecording

  init() throws { recording = try TestRecording() }

  /// Starts a replay of the recording, by default paused at its end. After the replay has exited,
  /// the shell prints the exit status and whether the terminal echoes input.
  private func start(
    width: Int = 80, height: Int = 24, environment: String = "LC_ALL=C.UTF-8",
    arguments: String = "--paused --at 10s"
  ) throws -> Tmux {
    let run = "exec env \(environment) \(Tmux.program) replay \(recording.path) \(arguments)"
    let replay = "sh -c 'echo $$ >\(recording.path).pid; \(run)'"
    return try Tmux(
      width: width, height: height,
      "\(replay); echo status $?; stty -a | grep -o -- '-*\\becho\\b' | sed 's/^/tty /'; exec cat")
  }

  @Test func aRecordingIsShownAndQuitGivesTheTerminalBack() throws {
    let tmux = try start()
    let screen = try tmux.wait(for: "POLL_ADD")
    for part in ["6.18.5-test", "writer", "REPLAY", "POLL_ADD", "In flight 1", "F10Quit"] {
      #expect(screen.contains(part))
    }
    try tmux.send("q")
    let after = try tmux.wait(for: "tty")
    #expect(after.contains("status 0") && after.contains("tty echo"))
    #expect(!after.contains("POLL_ADD"))
  }

  @Test func namesCannotPaintTheTerminal() throws {
    let tmux = try start(width: 120, height: 30)
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("Enter")
    let screen = try tmux.wait(for: "Time line", "vil 日本.img")
    #expect(screen.contains("/tmp/e?[31mvil 日本.img"))
  }

  @Test func keysOfEveryKindArrive() throws {
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("2")
    try #expect(tmux.wait(for: "TOOK", "-EIO").contains("-EIO"))
    try tmux.send("F4")
    try tmux.type("-eio")
    try tmux.send("Enter")
    try #expect(tmux.wait(for: "1 of 20").contains("1 of 20"))
    try tmux.send("Enter")
    try #expect(tmux.wait(for: "Time line", "-EIO").contains("-EIO"))
    try tmux.send("Escape")
    try tmux.wait(for: "1 of 20")
    try tmux.send("Escape")
    try tmux.wait(for: "TOOK")
    try tmux.send("F1")
    try #expect(tmux.wait(for: "this help", "EscClose").contains("EscClose"))
  }

  @Test func replayJumpsToTheNextError() throws {
    let tmux = try start(arguments: "--paused")
    try tmux.wait(for: "0.000s")
    try tmux.send("e", "2")
    try #expect(tmux.wait(for: "-EIO").contains("-EIO"))
    try tmux.send("g")
    try tmux.type("1.5s")
    try tmux.send("Enter")
    try #expect(tmux.wait(for: "1.500s").contains("1.500s"))
  }

  /// Returns the position of a text on the screen. Columns and rows start at 1, as in terminal
  /// mouse reports.
  private func position(of text: String, in screen: String) throws -> (column: Int, row: Int) {
    let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(lines.firstIndex { $0.contains(text) })
    let range = try #require(lines[row].range(of: text))
    return (lines[row].distance(from: lines[row].startIndex, to: range.lowerBound) + 1, row + 1)
  }

  /// Sends mouse reports in the encoding of xterm's mode 1006 (SGR) and in the older X10 encoding.
  @Test(arguments: [true, false]) func theMouseArrives(isSGR: Bool) throws {
    let tmux = try start()
    let screen = try tmux.wait(for: "POLL_ADD")
    let (column, row) = try position(of: "Recent", in: screen)
    if isSGR {
      // The first two reports, a release and an unbound button, must change nothing.
      try tmux.type("\u{1B}[<0;1;1m\u{1B}[<2;1;1M\u{1B}[<0;\(column);\(row)M")
    } else {
      let bytes = [32, 32 + column, 32 + row].map { Character(Unicode.Scalar(UInt8($0))) }
      try tmux.type("\u{1B}[M" + String(bytes))
    }
    try #expect(tmux.wait(for: "TOOK", "-EIO").contains("-EIO"))
  }

  /// An incomplete mouse report must not block the program, because the rest of the report can
  /// arrive late or never.
  @Test func theBeginningOfAMouseReportStopsNothing() throws {
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try tmux.type("\u{1B}[<0;5")
    try tmux.resize(width: 30, height: 8)
    try #expect(tmux.wait(for: "more room").contains("more room"))
    try tmux.resize(width: 80, height: 24)
    try tmux.wait(for: "POLL_ADD")
    try tmux.type(";1M")
    // A byte that cannot be part of a report is a key: `q` quits.
    try tmux.type("\u{1B}[<q")
    try #expect(tmux.wait(for: "tty").contains("status 0"))
  }

  @Test func resizingWorksDownToTooSmallAndBack() throws {
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    try tmux.resize(width: 30, height: 8)
    try #expect(tmux.wait(for: "more room").contains("more room"))
    try tmux.resize(width: 40, height: 10)
    try #expect(tmux.wait(for: "POLL_ADD").contains("POLL_ADD"))
    try tmux.resize(width: 160, height: 50)
    try #expect(tmux.wait(for: "SUBMITTER", "F10Quit").contains("F10Quit"))
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
  func signalsEndItWithTheTerminalGivenBack(signal: Int32) throws {
    let tmux = try start()
    try tmux.wait(for: "POLL_ADD")
    #expect(kill(try pid(), signal) == 0)
    let screen = try tmux.wait(for: "tty")
    #expect(screen.contains("status \(128 + signal)") && screen.contains("tty echo"))
  }

  private func pid() throws -> pid_t {
    let text = try String(contentsOfFile: recording.path + ".pid", encoding: .utf8)
    return try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  @Test func aCrashOfAnotherThreadGivesTheTerminalBack() throws {
    let tmux = try start(width: 120)
    try tmux.wait(for: "POLL_ADD")
    let pid = try pid()
    let player = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").first {
      try String(contentsOfFile: "/proc/\(pid)/task/\($0)/comm", encoding: .utf8) == "player\n"
    }
    let thread = try #require(player.flatMap { pid_t($0) })
    // Looks tgkill up by name, because glibc's headers declare it only for C with GNU extensions.
    typealias Send = @convention(c) (pid_t, pid_t, Int32) -> Int32
    let tgkill = unsafeBitCast(try #require(dlsym(nil, "tgkill")), to: Send.self)
    #expect(tgkill(pid, thread, SIGSEGV) == 0)
    let screen = try tmux.wait(for: "tty")
    #expect(screen.contains("uringtop: crashed in thread player at 0x"))
    #expect(screen.contains("status 139") && screen.contains("tty echo"))
    #expect(!screen.contains("POLL_ADD"))
  }

  @Test func aDumpThatNobodyReadsHoldsUpNothing() throws {
    let pipe = recording.path + ".pipe"
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    let tmux = try start(width: 160)
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("d")
    try tmux.wait(for: "Dump to")
    try tmux.send("C-u")
    try tmux.type(pipe)
    try tmux.send("Enter")
    let pid = try pid()
    try #require(
      eventually {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").contains {
          try String(contentsOfFile: "/proc/\(pid)/task/\($0)/comm", encoding: .utf8) == "dump\n"
        }
      })
    // Checks that the replay still reacts to keys.
    try tmux.send("g")
    try tmux.type("1.5s")
    try tmux.send("Enter")
    try tmux.wait(for: "1.500s")
    try tmux.send("q")
    let screen = try tmux.wait(for: "tty")
    #expect(screen.contains("status 0") && screen.contains("tty echo"))
  }

  @Test func aSignalEndsItThoughTheTerminalIsStopped() throws {
    let tmux = try start(arguments: "")
    try tmux.wait(for: "REPLAY")
    let pid = try pid()
    let terminal = open("/proc/\(pid)/fd/1", O_RDWR | O_NOCTTY | O_NONBLOCK)
    try #require(terminal >= 0)
    defer { close(terminal) }
    // Stops the terminal's output, as the key ^S does.
    try #require(tcflow(terminal, TCOOFF) == 0)
    let writing = ["1 0x1 ", "64 0x1 "]  // write to descriptor 1, on x86-64 and on arm64
    try #require(
      eventually {
        let call = try String(contentsOfFile: "/proc/\(pid)/syscall", encoding: .utf8)
        return writing.contains(where: call.hasPrefix)
      }, "it does not write")
    #expect(kill(pid, SIGTERM) == 0)
    #expect(eventually { kill(pid, 0) != 0 || isZombie(pid) })
    #expect(tcflow(terminal, TCOON) == 0)
    let screen = try tmux.wait(for: "tty")
    #expect(screen.contains("status 143") && screen.contains("tty echo"))
  }

  private func isZombie(_ pid: pid_t) -> Bool {
    let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z"
    return stat.contains(") Z")
  }

  @Test func itStopsAndComesBack() throws {
    let tmux = try Tmux(width: 80, height: 24, "env PS1='$ ' LC_ALL=C.UTF-8 bash --norc -i")
    try tmux.wait(for: "$")
    try tmux.type("\(Tmux.program) replay \(recording.path) --paused --at 10s")
    try tmux.send("Enter")
    try tmux.wait(for: "POLL_ADD")
    try tmux.send("C-z")
    let stopped = try tmux.wait(for: "Stopped")
    #expect(stopped.contains("Stopped") && !stopped.contains("POLL_ADD"))
    try tmux.type("fg")
    try tmux.send("Enter")
    try #expect(tmux.wait(for: "POLL_ADD", "F10Quit").contains("F10Quit"))
    try tmux.send("F10")
    try tmux.type("echo it is $((6 * 7))")
    try tmux.send("Enter")
    try #expect(tmux.wait(for: "it is 42").contains("it is 42"))
  }

  @Test(arguments: [
    "LC_ALL=C.UTF-8 NO_COLOR=1", "LC_ALL=C.UTF-8 TERM=vt100", "LC_ALL=C TERM=vt220",
  ])
  func withoutColourNothingIsColoured(environment: String) throws {
    let tmux = try start(environment: environment)
    let screen = try tmux.wait(for: "POLL_ADD", "F10Quit")
    #expect(screen.contains("F10Quit"))
    let escapes = try tmux.screen(withEscapes: true)
    for colour in 30...47 where colour != 38 && colour != 39 {
      #expect(!escapes.contains("\u{1B}[\(colour)m"))
    }
    #expect(escapes.contains("[7m"))
    let isASCII = screen.utf8.allSatisfy { $0 < 0x80 }
    #expect(isASCII == environment.contains("LC_ALL=C "))
  }

  @Test(arguments: [
    ("TERM=nosuchterminal", "unknown terminal 'nosuchterminal'"), ("TERM=", "TERM is not set"),
    ("TERM=dumb", "cannot move its cursor"),
  ])
  func aTerminalThatCannotBeUsedIsAnError(environment: String, text: String) throws {
    let tmux = try start(width: 200, environment: environment)
    let screen = try tmux.wait(for: "tty")
    #expect(screen.contains(text) && screen.contains("status 72"))
  }

  /// Values of TERM for terminals that understand xterm's sequences, but whose terminfo entries few
  /// machines have.
  @Test(arguments: [
    "foot", "wezterm", "xterm-ghostty", "xterm-kitty", "alacritty", "tmux-unheard-of",
  ])
  func anUnknownTerminalWorksAsItsNearestRelative(name: String) throws {
    let tmux = try start(environment: "TERMINFO_DIRS=/lib/terminfo LC_ALL=C.UTF-8 TERM=\(name)")
    try #expect(tmux.wait(for: "POLL_ADD", "F10Quit").contains("F10Quit"))
  }

  @Test func withoutATerminalItSaysSo() throws {
    let tmux = try start(width: 160, arguments: ">/dev/null")
    try #expect(tmux.wait(for: "tty").contains("standard output is not a terminal"))
  }
}
