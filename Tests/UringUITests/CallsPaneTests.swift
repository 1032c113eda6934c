import CRecord
import Testing

@testable import UringFindings
@testable import UringTrace
@testable import UringUI

@Suite struct CallsPaneTests: InterfaceSuite {
  /// The kernel has refused a ring to process 200. Ring 1 has a failed registration, calls that
  /// timed out, and successful calls.
  private static let snapshot: Snapshot = {
    var snapshot = Make.snapshot(rings: [Make.ring(1, pid: 100)], at: 9)
    snapshot.taskNames = [100: "fio", 200: "server"]
    snapshot.callsWatchedSince = Make.start
    var limits = record_process_limits()
    (limits.locked, limits.files, limits.disabled, limits.group) = (.max, .max, 2, -1)
    snapshot.processLimits = [200: ProcessLimits(&limits)]
    snapshot.systemCalls = [
      calls(.enter, tid: 100, ring: 1, result: 0, count: 1_234, argument: 8) {
        ($0.sqes, $0.call_flags, $0.minimum) = (5_000, 1, 2)
      },
      calls(.enter, tid: 100, ring: 1, result: -62, count: 3, argument: 0),
      calls(.register, tid: 100, ring: 1, result: -12, argument: 0) { $0.minimum = 3 },
      calls(.setup, tid: 200, ring: nil, result: -1, argument: 128) {
        ($0.call_flags, $0.last_ns) = (2, Make.start + 8_000_000_000)
      },
    ].compactMap(\.self)
    return snapshot
  }()

  private static func calls(
    _ call: RingCall, tid: UInt32, ring: Ring.ID?, result: Int32, count: UInt64 = 1,
    argument: UInt32, _ change: (inout record_system_calls) -> Void = { _ in }
  ) -> SystemCalls? {
    var record = record_system_calls()
    (record.call, record.result, record.count) = (call, result, count)
    (record.base.tid, record.tgid, record.argument) = (tid, tid, argument)
    (record.first_ns, record.last_ns, record.entered) = (Make.start, Make.start + 7_000_000_000, 1)
    change(&record)
    return SystemCalls(&record, ring: ring)
  }

  @Test func callsThatFailedComeFirstWithTheirCause() throws {
    var interface = interface(Self.snapshot)
    press(&interface, "8")
    let lines = screen(&interface, width: 200, height: 60).split(separator: "\n").map(String.init)
    func position(_ parts: String...) throws -> Int {
      try #require(
        lines.firstIndex { line in parts.allSatisfy { line.contains($0) } }, "\(parts)")
    }
    let refused = try position(
      "setup", "-EPERM", "server/200",
      "kernel.io_uring_disabled is 2: nobody may create rings; 128 entries, SQPOLL")
    let registration = try position("register", "-ENOMEM", "REGISTER_BUFFERS, 3 arguments")
    let late = try position("enter", "-ETIME", "submit 0")
    let good = try position("enter", "ok", "1.23k", "5.00k", "submit 8, wait for 2")
    #expect(lines[refused].contains("-EPERM!") && !lines[late].contains("-ETIME!"))
    #expect(refused < registration)
    #expect(registration < min(late, good))
  }

  @Test func aNarrowScreenShowsWhoWasRefusedAndWhy() {
    var interface = interface(Self.snapshot)
    press(&interface, "8")
    let text = screen(&interface)
    for part in ["setup", "-EPERM", "server/200", "kernel.io_uring_disabled is 2"] {
      #expect(text.contains(part), "\(part)\n\(text)")
    }
  }

  @Test func aRefusedProcessLeadsToItsFinding() {
    var interface = interface(Self.snapshot)
    press(&interface, "8", "G")
    #expect(screen(&interface, width: 200).contains("Finding ring-refused"))
  }

  @Test func aSelectedRingShowsItsCallsOnly() {
    let passes = CallsContent.includes(Scene(Self.snapshot, ring: 1))
    #expect(Self.snapshot.systemCalls.map { passes?($0) } == [true, true, true, false])
  }

  @Test func withoutWatchingItSaysWhatIsMissing() {
    var interface = interface(Make.snapshot(rings: [Make.ring(1)]))
    press(&interface, "8")
    #expect(screen(&interface).contains("not watched: --pid, COMMAND or --syscalls on"))
  }

  @Test func aRecordingWithoutCallsSaysHowToRecordThem() {
    var interface = interface(Make.snapshot(rings: [Make.ring(1)]), timeline: Self.timeline)
    press(&interface, "8")
    #expect(screen(&interface).contains("not recorded: record with --pid, COMMAND"))
  }

  @Test func rowsOfDifferentCallsDiffer() {
    #expect(Set(Self.snapshot.systemCalls.map { CallsContent.id($0) }).count == 4)
  }
}
