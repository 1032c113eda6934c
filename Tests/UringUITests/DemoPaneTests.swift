import Testing

@testable import UringTrace
@testable import UringUI

@Suite struct DemoPaneTests {
  private static let status: DemoStatus = {
    var status = DemoStatus(
      target: "ublk", mode: "zero-copy", device: "/dev/ublkb7", backing: "memory", size: 1 << 30,
      time: Make.start + 2_000_000_000, startTime: Make.start,
      queues: [
        .init(
          number: 0,
          tags: [.idle, .fetched, .provided, .running, .committing, .held]
            + Array(repeating: .fetched, count: 10), ios: 2_000)
      ])
    status.ios = 2_000
    status.readBytes = 8 << 20
    status.load = [.init("verified", 1_999), .init("mismatches", 1, isError: true)]
    status.faults = [.init("slow-member", 12)]
    return status
  }()

  private func interface(_ status: (@Sendable () -> DemoStatus)?) -> Interface {
    var options = UserInterfaceOptions()
    options.demoStatus = status
    var interface = Interface(options: options)
    interface.update(Make.lending, timeline: nil)
    return interface
  }

  private func screen(_ interface: inout Interface, isASCII: Bool = false) -> Canvas {
    var canvas = Canvas(width: 80, height: 30, isASCII: isASCII)
    interface.draw(into: &canvas)
    return canvas
  }

  @Test func thePaneIsThereOnlyWithADemonstration() {
    var without = interface(nil)
    #expect(!screen(&without).text.contains("Demo"))
    _ = without.handle(.key("9"))
    #expect(without.current == 0)
    var with = interface { Self.status }
    #expect(screen(&with).text.contains("9 Demo"))
  }

  @Test func aDemonstrationBeginsWithItsGroups() {
    var interface = interface { Self.status }
    #expect(screen(&interface).text.contains("ublk_auto"))
  }

  @Test func eachTagIsOneCharacterOfItsState() {
    var interface = interface { Self.status }
    _ = interface.handle(.key("9"))
    let text = screen(&interface).text
    for part in [
      "/dev/ublkb7  zero-copy  on memory  1G", "·○◆▶◀■○○ ○○○○○○○○", "4 of 16 busy",
      "◆ buffer provided 1", "slow-member 12", "verified 2.00k",
    ] {
      #expect(text.contains(part))
    }
    let ascii = screen(&interface, isASCII: true).text
    #expect(ascii.contains(".o+><#oo oooooooo"))
  }

  @Test func ratesAreFromOneStatusToTheNext() {
    var rates = DemoRates()
    rates.update(Self.status)
    #expect(rates.ios == 1_000)
    var next = Self.status
    next.time += 500_000_000
    next.ios += 100
    rates.update(next)
    #expect(rates.ios == 200 && rates.readBytes == 0)
    // An update with the same status changes nothing.
    rates.update(next)
    #expect(rates.ios == 200 && rates.history == [1_000, 200])
  }

  @Test func theFirstMomentsHaveNoRate() {
    var rates = DemoRates()
    var status = Self.status
    status.time = status.startTime + 1_000_000
    rates.update(status)
    #expect(rates.ios == nil && rates.history.isEmpty)
    status.time = status.startTime + 1_000_000_000
    rates.update(status)
    #expect(rates.ios != nil && rates.history.count == 1)
  }

  @Test func whatGoesWrongStandsOut() {
    var failed = Self.status
    failed.failure = "the device is gone"
    let status = failed
    var interface = interface { status }
    _ = interface.handle(.key("9"))
    let canvas = screen(&interface)
    #expect(canvas.text.contains("the device is gone"))
    let styles = canvas.cells.map(\.style)
    #expect(styles.contains(.alarm) && styles.contains(.error))
  }
}
