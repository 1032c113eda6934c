@testable import UringSources
@testable import UringTrace
@testable import UringUI

/// A suite of tests that press keys and read the canvas. Its extensions contain the helpers.
protocol InterfaceSuite {}

extension InterfaceSuite {
  func interface(
    _ snapshot: Snapshot? = nil, timeline: Timeline? = nil,
    options: UserInterfaceOptions = UserInterfaceOptions()
  ) -> Interface {
    var interface = Interface(options: options)
    interface.update(snapshot ?? Self.workload, timeline: timeline)
    return interface
  }

  static var workload: Snapshot {
    Make.snapshot(
      rings: [
        Make.ring(1, pid: 100, comm: "fio", inFlight: 2, rate: 900),
        Make.ring(2, pid: 200, comm: "server", inFlight: 1, rate: 100),
      ],
      requests: [
        Make.request(1, ring: 1, opcode: 22, startedAt: 1, userData: 0xAAAA),
        Make.request(2, ring: 2, opcode: 6, state: .pollArmed, startedAt: 2, userData: 0xBBBB),
        Make.request(3, ring: 1, opcode: 23, state: .worker, startedAt: 9, userData: 0xCCCC),
      ],
      recent: [
        Make.request(
          10, ring: 1, opcode: 22, state: .completed, startedAt: 3, steps: [(.completed, 3.001)],
          result: -5)
      ],
      latency: [Make.latency(opcode: 22, [(1_000, 10), (2_000, 80), (50_000, 10)])],
      events: [Make.event(.submit, at: 1, request: 1), Make.event(.complete, at: 2, value: -5)])
  }

  /// The timeline of a cut-off recording, paused at a quarter of its duration.
  static var timeline: Timeline {
    Timeline(
      position: 2_500_000_000, duration: 10_000_000_000, event: 5, eventCount: 20, isPlaying: false,
      speed: 1, isCutOff: true)
  }

  func screen(_ interface: inout Interface, width: Int = 80, height: Int = 24) -> String {
    var canvas = Canvas(width: width, height: height)
    interface.draw(into: &canvas)
    return canvas.text
  }

  @discardableResult
  func press(_ interface: inout Interface, _ keys: Key...) -> [Interface.Effect] {
    keys.flatMap { interface.handle(.key($0)) }
  }

  func type(_ interface: inout Interface, _ text: String) {
    for scalar in text.unicodeScalars { _ = interface.handle(.key(.character(scalar))) }
  }

}

extension String {
  /// The number of characters before the first occurrence of `part`; 0 if there is none.
  func distance(to part: String) -> Int {
    let characters = Array(self)
    let wanted = Array(part)
    return (0...max(0, characters.count - wanted.count)).first {
      Array(characters[$0..<min(characters.count, $0 + wanted.count)]) == wanted
    } ?? 0
  }
}
