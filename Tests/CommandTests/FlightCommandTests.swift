import Foundation
import TestSupport
import Testing

/// Tests of the flight recorder's command line (`record --keep` and `freeze`).
@Suite struct FlightCommandTests {
  @Test(arguments: [
    (["record", "--keep", "60s", "-o", "-"], "to the folder that -o names"),
    (["record", "--on", "crit", "-o", "a.uring"], "need --keep"),
    (["record", "--keep", "10ms", "-o", "x"], "at least 1s"),
    (["record", "--keep", "5s", "--before", "6s", "-o", "x"], "--before must be"),
    (["record", "--keep", "5s", "--on", "nonsense", "-o", "x"], "nonsense"),
    (["record", "--keep", "5s", "--max-files", "0", "-o", "x"], "--max-files"),
  ])
  func mistakesAreUsageErrors(arguments: [String], message: String) throws {
    let outcome = try Command.run(arguments)
    #expect(outcome.status == 64)
    #expect(outcome.error.contains(message), "\(outcome.error)")
    #expect(outcome.error.count { $0 == "\n" } == 1)
  }

  @Test func freezeWithoutARecorderSaysSo() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run("freeze", folder.path(""))
    #expect(outcome.status == 67)
    #expect(outcome.error.contains("no recorder writes to"))
  }
}
