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
  func nothingIsLostOnTheWayToJSONAndBack(_ fixture: Observation) throws {
    let folder = try TemporaryFolder()
    let (trace, copy) = (folder.path("trace.jsonl"), folder.path("copy.uring"))
    for (from, to) in [(fixture.path, trace), (trace, copy)] {
      let outcome = try Command.run("export", from, "-o", to)
      #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
    }
    for command in [["snapshot"], ["report"], ["snapshot", "--json"], ["report", "--json"]] {
      let original = try Command.run(command + ["--from", fixture.path])
      let again = try Command.run(command + ["--from", copy])
      #expect(original.text == again.text, "\(command)")
    }
    let records = try Observation.recording(fixture.path).withRecordBytes { Array($0) }
    #expect(try Observation.recording(copy).withRecordBytes { Array($0) } == records)
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
