import TestSupport
import Testing
import UringSources
import UringTrace

@Suite struct EveryFixtureTests {
  @Test(arguments: Fixtures.all)
  func everyRequestIsAsTheProgramSays(_ fixture: Observation) throws {
    let differences = try fixture.comparison().differences
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
  }

  @Test(arguments: Fixtures.all)
  func theJSONTraceTellsTheSame(_ fixture: Observation) throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      "export", fixture.path, "-o", folder.path("\(fixture.program).jsonl"))
    #expect(outcome.status == 0, "\(outcome.error)")
    let trace = try Observation.recording(folder.path("\(fixture.program).jsonl"))
    let differences = try TruthComparison(fixture.truth(), trace.snapshot(at: nil)).differences
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
  }
}
