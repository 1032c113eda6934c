import Foundation
import SystemPackage
import TestSupport
import UringRecordings
import UringSources
import UringTrace

@testable import UringUI

/// The output of uringtop's commands and the screens of its interface for a recording, as one text.
///
/// Depends on names and options of commands, and on keys of the interface.
struct RecordingOutput {
  private let path: String
  private(set) var text = ""

  init(path: String) throws {
    self.path = path
    let trace = try add("trace", ["export", path, "-o", "-"])
    let times = try Self.times(inTrace: trace)
    for time in times {
      try add("snapshot at \(time)ns", ["snapshot", "--json", "--from", path, "--at", "\(time)ns"])
    }
    try add("snapshot", ["snapshot", "--json", "--from", path])
    try add("table", ["snapshot", "--from", path])
    try add("report", ["report", "--from", path])
    try add("report as JSON", ["report", "--json", "--from", path])

    let recording = try Recording(path: FilePath(path))
    for (name, time) in [("at \(times.last ?? 0)ns", times.last), ("at the end", nil)] {
      let snapshot = recording.snapshot(at: time)
      for (width, height) in [(80, 24), (200, 60)] {
        addPanes(of: snapshot, width: width, height: height, "\(width)x\(height) \(name)")
      }
    }
  }

  /// Contains only the screens of the interface.
  init(panesOf snapshot: Snapshot) {
    path = ""
    for (width, height) in [(80, 24), (200, 60)] {
      addPanes(of: snapshot, width: width, height: height, "\(width)x\(height)")
    }
  }

  private mutating func add(_ name: String, _ text: String) {
    self.text += "=== \(name)\n\(text)\n"
  }

  // MARK: Commands

  /// Runs a command and adds its output, with one value per line in JSON documents.
  @discardableResult
  private mutating func add(_ name: String, _ arguments: [String]) throws -> String {
    let outcome = try Command.run(arguments, environment: ["TZ": "UTC"])
    let output = outcome.text.replacing(
      /"tool":"uringtop","version":"[^"]*"/, with: #""tool":"uringtop","version":"-""#,
      maxReplacements: 1)
    add(name, arguments.contains("--json") ? output.withJSONValuesOnLines : output)
    let messages = outcome.error.replacing(Command.root.path(), with: "")
    if !messages.isEmpty || outcome.status != 0 {
      add("\(name): status \(outcome.status)", messages)
    }
    return output
  }

  /// The times, in nanoseconds since the start, at which half and three quarters of the recording's
  /// events have passed. Requests can be in flight then.
  private static func times(inTrace trace: String) throws -> [UInt64] {
    struct Line: Decodable {
      var startNs: UInt64?
      var timeNs: UInt64?
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let lines = try trace.split(separator: "\n").map {
      try decoder.decode(Line.self, from: Data($0.utf8))
    }
    guard let start = lines.first?.startNs else { return [] }
    let times = lines.compactMap(\.timeNs)
    guard !times.isEmpty else { return [] }
    return [times.count / 2, times.count * 3 / 4].map { times[$0] - min(start, times[$0]) }
  }

  // MARK: Panes

  /// Adds the screen of every pane, and the screens that Enter and then G open from the pane's
  /// first two rows.
  private mutating func addPanes(
    of snapshot: Snapshot, width: Int, height: Int, _ name: String
  ) {
    var interface = Interface(options: UserInterfaceOptions())
    interface.update(snapshot, timeline: nil)
    func screen() -> String {
      var canvas = Canvas(width: width, height: height)
      interface.draw(into: &canvas)
      return canvas.text
    }
    func press(_ keys: Key...) { for key in keys { _ = interface.handle(.key(key)) } }

    for pane: Key in ["1", "2", "3", "4", "5", "6", "7"] {
      press(pane, .home)
      let list = screen()
      add("pane \(pane.name) \(name)", list)
      var first = list
      for row in 1...2 {
        press(pane, .home)
        if row == 2 { press(.down) }
        press(.enter)
        let detail = screen()
        if detail == list || detail == first { break }
        first = detail
        add("pane \(pane.name), row \(row), Enter, \(name)", detail)
        press("G")
        let crossed = screen()
        if crossed != detail { add("pane \(pane.name), row \(row), Enter, G, \(name)", crossed) }
      }
    }
    press("1", .tab, .down)
    add("first ring \(name)", screen())
  }
}
