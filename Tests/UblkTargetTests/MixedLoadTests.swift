import ProbeSupport
import Testing

@testable import UblkTarget

/// `MixedLoad`, which runs beside the demonstration's target, does each of its jobs, and ends when it is stopped.
@Suite struct MixedLoadTests {
  @Test func everyJobIsDoneAndHasItsResult() throws {
    let load = try MixedLoad()
    let jobs = Set(MixedLoad.Job.allCases).subtracting([.parked, .end])
    eventually {
      load.status.failure != nil || jobs.isSubset(of: Set(load.status.completions.keys))
    }
    load.stop()
    let status = load.status
    #expect(status.failure == nil)
    #expect(status.unexpected == [:])
    #expect(status.completions[.parked] == 2 && status.completions[.end] == 1)
    load.stop()
  }
}
