import Testing
import UringBase

/// Tests of the text forms of a duration: in sentences, in table cells, and as a whole number of
/// one unit.
@Suite struct DurationTextTests {
  @Test(arguments: [
    (0, "0 ns", "0", "0s"), (1_200, "1.2 µs", "1.20µs", "1200ns"),
    (20_000_000, "20 ms", "20.0ms", "20ms"), (1_500_000_000, "1.5 s", "1.50s", "1500ms"),
    (75_000_000_000, "75 s", "75.0s", "75s"),
    (150_000_000_000, "2 min 30 s", "2m30s", "150s"),
    (180_000_000_000, "3 min", "3m00s", "180s"),
    (11_520_000_000_000, "3 h 12 min", "3h12m", "11520s"),
  ])
  func eachPurposeHasItsForm(nanoseconds: Int, sentence: String, cell: String, round: String) {
    #expect(Figures.duration(UInt64(nanoseconds)) == sentence)
    #expect(Figures.alignedDuration(UInt64(nanoseconds)) == cell)
    #expect(Figures.wholeDuration(UInt64(nanoseconds)) == round)
  }
}
