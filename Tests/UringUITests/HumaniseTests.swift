import Testing

@testable import UringUI

@Suite struct HumaniseTests {
  @Test(arguments: [
    (0, "0"), (1, "1ns"), (999, "999ns"), (1_000, "1.00µs"), (1_234, "1.23µs"),
    (99_949, "99.9µs"), (99_960, "100µs"), (999_499, "999µs"), (999_500, "1.00ms"),
    (12_300_000, "12.3ms"), (999_600_000, "1.00s"), (59_900_000_000, "59.9s"),
    (125_000_000_000, "2m05s"), (11_520_000_000_000, "3h12m"), (400_000_000_000_000, "4d15h"),
  ])
  func durationsHaveThreeDigits(nanoseconds: Int, text: String) {
    #expect(Humanise.duration(UInt64(nanoseconds)) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1_000, "1.00k"), (45_600, "45.6k"), (999_499, "999k"),
    (999_600, "1.00M"), (12_345_678, "12.3M"), (9_876_543_210, "9.88G"),
  ])
  func countsHaveThreeDigits(number: Int, text: String) {
    #expect(Humanise.count(UInt64(number)) == text)
  }

  @Test func theLargestNumbersStayNarrow() {
    #expect(Humanise.count(.max) == "18.4E")
    #expect(Humanise.duration(.max).count <= 9)
    #expect(Humanise.rate(.infinity) == "0")
    #expect(Humanise.rate(.nan) == "0")
    #expect(Humanise.rate(0.2) == "<1")
  }

  @Test func bytesAreExactOrThemselves() {
    #expect(Humanise.exactBytes(4_096) == "4K")
    #expect(Humanise.exactBytes(4_095) == "4095")
    #expect(Humanise.exactBytes(1 << 20) == "1M")
    #expect(Humanise.bytes(1_536) == "1.50K")
  }

  @Test(arguments: [
    ("2", 2_000_000_000), ("2.5s", 2_500_000_000), ("300ms", 300_000_000), ("40us", 40_000),
    ("1m30s", 90_000_000_000), (" 1 s ", 1_000_000_000),
  ])
  func timesAreReadAsPeopleWriteThem(text: String, nanoseconds: Int) {
    #expect(Clock.parse(text) == UInt64(nanoseconds))
  }

  @Test(arguments: ["", "x", "1x", "1..2s", "s", "-1s", "9e99"])
  func whatIsNoTimeIsRefused(text: String) {
    #expect(Clock.parse(text) == nil)
  }

  @Test func cutOffNamesKeepWhatTellsThemApart() {
    #expect("/var/lib/data/disk.img".tail(10) == "…/disk.img")
    #expect("wl-files/12537".keepingNumber(20) == "wl-files/12537")
    #expect("wl-files/12537".keepingNumber(11) == "wl-f…/12537")
    #expect("wl-files/12537".keepingNumber(6) == "12537")
    #expect(Humanise.shortBytes(32_768) == "32K")
    #expect(Humanise.shortBytes(3_919_872) == "3.74M")
  }
}
