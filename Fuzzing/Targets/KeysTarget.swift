import FuzzDriver
import Glibc
import UringBase
import UringRecordings

@testable import UringSources
@testable import UringUI

/// Terminal input through curses: keys, mouse and escape sequences, over screens of a recording.
///
/// The first byte chooses the situation and the size, the others are typed.
enum KeysTarget: Target {
  static let name = "keys"
  static let longest = 192
  nonisolated(unsafe) private static var keyboard: Int32 = -1
  nonisolated(unsafe) private static var terminal: Terminal?
  nonisolated(unsafe) static var recording: Recording?

  static func prepare() {
    setenv("TERM", "xterm-256color", 1)
    keyboard = driver_terminal()
    guard keyboard >= 0 else {
      fatalError("no pseudo terminal: \(String(cString: strerror(errno)))")
    }
    MainActor.assumeIsolated {
      guard let opened = try? Terminal(isMonochrome: false) else {
        fatalError("no terminal, or no description of xterm-256color")
      }
      terminal = opened
    }
    driver_no_escape_delay()
    recording = try? Recording(bytes: Seeds.screenRecording)
    guard recording != nil else { fatalError("the recording of the screens cannot be read") }
  }

  static func run(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    MainActor.assumeIsolated {
      guard let terminal, let recording, let first = bytes.first else { return }
      let player = Player(
        recording, filter: Filter(), position: recording.duration / 2, isPlaying: false,
        interval: .milliseconds(200))
      let isReplay = first & 1 != 0
      var interface = Interface(options: UserInterfaceOptions())
      interface.update(player.snapshot(), timeline: isReplay ? player.timeline : nil)
      let size = [(80, 24), (132, 43), (40, 10), (1, 1), (300, 100)][Int(first >> 1) % 5]
      // A terminal's queue has room for 4096 bytes.
      type(bytes.dropFirst().prefix(1024) + Array(String(end).utf8))
      while true {
        // Bytes arrive a moment later. The mark at their end can become part of an unfinished sequence.
        let event = terminal.read(until: MonotonicClock.now() + patience)
        if event == .none || event == .key(.character(end)) { break }
        for case .playback(let command) in interface.handle(event) {
          _ = player.perform(command)
          interface.update(player.snapshot(), timeline: player.timeline)
        }
      }
      Examination.draw(&interface, width: size.0, height: size.1)
      var canvas = Canvas(width: terminal.size.width, height: terminal.size.height)
      interface.draw(into: &canvas)
      terminal.show(canvas)
    }
  }

  private static func type(_ bytes: ArraySlice<UInt8>) {
    _ = bytes.withUnsafeBytes { write(keyboard, $0.baseAddress, $0.count) }
  }

  /// A character for private use.
  private static let end: Unicode.Scalar = "\u{E000}"
  /// Nanoseconds until no more bytes are expected.
  private static let patience: UInt64 = 20_000_000

  private static let sequences = [
    "\u{1B}[A", "\u{1B}OB", "\u{1B}[5~", "\u{1B}[6~", "\u{1B}OH", "\u{1B}OF", "\u{1B}OP",
    "\u{1B}OR", "\u{1B}[17~", "\u{1B}[Z",
    "\r", "\t", "\u{7F}", "\u{1B}[<0;10;10M", "\u{1B}[<64;5;5M", "\u{1B}[<65;99999;99999M", "G",
    "/", "\\", ">", "g1m30s\r",
    "e", ".", ",", " ", "I", "n", "N", "1", "2", "3", "4", "5", "6", "7", "+", "-", "\u{C}", "é",
    "漢", "\u{202E}",
  ]

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    guard !input.isEmpty, random.below(2) == 0 else { return nil }
    var output = input
    for _ in 0...random.below(4) {
      guard let sequence = random.element(of: sequences) else { break }
      output.insert(contentsOf: sequence.utf8, at: 1 + random.below(output.count))
    }
    return Array(output.prefix(limit))
  }
}
