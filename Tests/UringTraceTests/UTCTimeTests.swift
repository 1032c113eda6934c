import Foundation
import Testing

@testable import UringBase

@Suite struct UTCTimeTests {
  @Test(
    arguments: [
      0, 1, 951_782_399, 951_782_400, 951_868_800, 1_709_164_800, 1_735_689_599, 4_107_542_400,
      13_569_465_599,
    ] as [UInt64])
  func dayAndTimeAreThoseOfTheCalendar(seconds: UInt64) {
    var style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    style.timeZone = .gmt
    let date = Date(timeIntervalSince1970: Double(seconds) + 0.25)
    #expect(UTCTime.text(seconds * 1_000_000_000 + 250_999_999) == date.formatted(style))
  }

  @Test func eachFormHasTheSameDayAndTime() {
    let moment: UInt64 = 1_709_164_799_123_456_789
    #expect(UTCTime.text(moment) == "2024-02-28T23:59:59.123Z")
    #expect(UTCTime.prose(moment) == "2024-02-28 23:59:59 UTC")
    #expect(UTCTime.word(moment) == "20240228T235959Z")
  }

  @Test func everyDayOfFourCenturiesFollowsTheDayBefore() {
    var last = ""
    for day in 0..<146_097 as Range<UInt64> {
      let text = UTCTime.text(day * 86_400_000_000_000)
      #expect(text > last, "\(text) after \(last)")
      last = text
    }
    #expect(last == "2369-12-31T00:00:00.000Z")
  }
}
