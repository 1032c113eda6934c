import TestSupport
import Testing
import UringTrace

/// Tests of registered buffers in recordings of test programs.
@Suite struct BufferCaseTests {
  @Test(arguments: Fixtures.of("clone_buffers"))
  func clonesAreGivenBackByThemselves(_ fixture: Observation) throws {
    let groups = try fixture.snapshot().groups.filter { $0.provider == .registered }
    let owner = try #require(groups.map(\.ring).min())
    let originals = groups.filter { $0.ring == owner }
    let clones = groups.filter { $0.ring != owner }
    #expect(originals.count == 2)
    #expect(clones.count == 2)
    #expect(
      clones.allSatisfy { $0.leader.registerOpcode?.name == "REGISTER_CLONE_BUFFERS" })
    #expect(Set(clones.map(\.buffer.address)) == Set(originals.map(\.buffer.address)))
    #expect(clones.flatMap(\.members).map(\.result).sorted() == [6, 4096])
    for group in groups { #expect(group.acknowledgement?.isDerived == false) }
    // The first ring unregistered its buffers while a read through the second ring's clone was in
    // flight, so the clone's buffer is released last.
    let lastOriginal = try #require(
      originals.compactMap { $0.acknowledgement.map(\.time) }.max())
    let firstClone = try #require(
      clones.compactMap { $0.acknowledgement.map(\.time) }.min())
    #expect(lastOriginal < firstClone)
  }
}
