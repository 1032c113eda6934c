import Testing

@testable import UringProbe

/// Tests that uringtop finds the BPF program that a kernel refused in libbpf's messages.
/// scripts/fault-injection tests this with real refusals.
@Suite struct RefusalTests {
  @Test func theProgramIsTheLastThatFailedToLoad() {
    let log = """
      libbpf: prog 'create': relo #0: patched
      libbpf: prog 'poll_arm': BPF program load failed: Permission denied
      libbpf: prog 'poll_arm': -- BEGIN PROG LOAD LOG --
      processed 12 insns
      libbpf: prog 'poll_arm': failed to load: -13
      libbpf: failed to load object 'capture'
      """
    #expect(ProbeError(.refused, "", details: log).refusedProgram == "poll_arm")
  }

  @Test func anotherFailureNamesNoProgram() {
    let log = "libbpf: map 'records': failed to create: Cannot allocate memory(-12)"
    #expect(ProbeError(.refused, "", details: log).refusedProgram == nil)
  }
}
