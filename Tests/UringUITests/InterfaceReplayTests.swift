import Glibc
import Testing

@testable import UringTrace
@testable import UringUI

/// Tests of the interface for a recording: the time line and the replay keys.
@Suite struct InterfaceReplayTests: InterfaceSuite {
  @Test func keysOfTheOtherModeAreExplained() {
    var live = interface()
    let liveEffects = live.handle(.key("e"))
    #expect(liveEffects.isEmpty)
    #expect(live.notice?.0.text.contains("only in a recording") == true)
    var replay = interface(timeline: Self.timeline)
    let replayEffects = replay.handle(.key("r"))
    #expect(replayEffects.isEmpty)
    #expect(replay.notice?.0.text.contains("only in a live capture") == true)
  }

  @Test func replayHasATimeLineAndItsKeys() {
    var interface = interface(timeline: Self.timeline)
    let text = screen(&interface)
    for part in ["REPLAY", "2.500s", "10.000s", "×1", "event 5/20", "cut off"] {
      #expect(text.contains(part))
    }
    let effects24 = press(&interface, " ")
    #expect(effects24 == [.playback(.play)])
    let effects25 = press(&interface, "]")
    #expect(effects25 == [.playback(.setSpeed(2))])
    let effects26 = press(&interface, "[")
    #expect(effects26 == [.playback(.setSpeed(0.5))])
    let effects27 = press(&interface, ".", .right)
    #expect(effects27 == [.playback(.stepForward), .playback(.stepForward)])
    let effects28 = press(&interface, ",", .left)
    #expect(effects28 == [.playback(.stepBack), .playback(.stepBack)])
    let effects29 = press(&interface, "e")
    #expect(effects29 == [.playback(.nextError)])
  }

  @Test func replayJumpsToATypedTime() {
    var interface = interface(timeline: Self.timeline)
    press(&interface, "g")
    type(&interface, "nonsense")
    let effects30 = press(&interface, .enter)
    #expect(effects30.isEmpty)
    let text17 = screen(&interface)
    #expect(text17.contains("not a time"))
    press(&interface, .control("u"))
    type(&interface, "1.5s")
    let effects31 = press(&interface, .enter)
    #expect(effects31 == [.playback(.seek(1_500_000_000))])
  }

  @Test func replayJumpsBySecondsWithinTheRecording() {
    var interface = interface(timeline: Self.timeline)
    let effects = press(&interface, "{", "}", "(", ")")
    #expect(
      effects
        == [1_500_000_000, 3_500_000_000, 0, 10_000_000_000].map { .playback(.seek($0)) })
  }

  /// The recording begins at 10:00:00 UTC and lasts ten seconds.
  @Test(arguments: [("10:00:03", UInt64(3)), ("10:00:10", 10), ("10:01", nil), ("9:59:59", nil)])
  func replayJumpsToATimeOfDay(text: String, seconds: UInt64?) {
    setenv("TZ", "UTC", 1)
    var snapshot = Self.workload
    snapshot.host.startRealtime = 1_700_042_400_000_000_000
    snapshot.host.startTime = snapshot.time - Self.timeline.position
    var interface = interface(snapshot, timeline: Self.timeline)
    press(&interface, "g")
    type(&interface, text)
    let effects = press(&interface, .enter)
    #expect(effects == seconds.map { [.playback(.seek($0 * 1_000_000_000))] } ?? [])
    #expect(screen(&interface).contains("no such time") == (seconds == nil))
  }

  @Test func theRequestOfAnErrorIsChosenAndNamed() {
    var interface = interface(timeline: Self.timeline)
    press(&interface, "E")
    var snapshot = Self.workload
    snapshot.time += 1
    snapshot.events.append(Make.event(.complete, at: 3, request: 10, value: -5))
    interface.update(snapshot, timeline: Self.timeline)
    let text = screen(&interface, width: 120)
    #expect(text.contains("request 10 (READ of fd 7): -EIO"), "\(text)")
    #expect(interface.lower[interface.current].name == "Recent")
  }

  @Test func replayKeysDoNothingLive() {
    var interface = interface()
    let effects32 = press(&interface, "e", "g", "[", "]", ".", ",")
    #expect(effects32.isEmpty)
    #expect(interface.modal == nil)
  }

  @Test func aClickOnTheTimeLineJumpsThere() throws {
    var interface = interface(timeline: Self.timeline)
    let lines = screen(&interface).split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(lines.firstIndex { $0.contains("2.500s") })
    let end = lines[row].description.distance(to: " 10.000s") - 1
    let clicked36 = interface.handle(.click(x: end, y: row))
    #expect(clicked36 == [.playback(.seek(10_000_000_000))])
  }
}
