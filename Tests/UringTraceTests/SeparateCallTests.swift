import Testing

@testable import UringBase

@Suite struct SeparateCallTests {
  /// Starts a call on another thread. The call returns 7 when `gate` becomes true.
  private func call(
    _ gate: Monitor<Bool>, late: @escaping @Sendable () -> Void = {}
  ) throws -> SeparateCall<Int> {
    try SeparateCall(
      "separate call", orThrow: ThreadError.init,
      { gate.wait(until: nil, for: { $0 }, then: { _ in 7 }) }, late: late)
  }

  @Test func callIsAwaitedWhileItMakesProgress() throws {
    let gate = Monitor(false)
    let call = try call(gate)
    var looks: UInt64 = 0
    let result = call.result(
      patience: { 1 },
      progress: {
        looks += 1
        if looks == 100 { gate.change { $0 = true } }
        return looks
      })
    #expect(result == 7)
    #expect(looks >= 100)
  }

  @Test func callWithoutProgressIsGivenUp() throws {
    let gate = Monitor(false)
    let isLate = Monitor(false)
    let call = try call(gate, late: { isLate.change { $0 = true } })
    #expect(call.result(patience: { 1 }, progress: { 5 }) == nil)
    #expect(call.result(until: MonotonicClock.now()) == nil)
    var isAbandoned = false
    #expect(call.abandon { isAbandoned = true } == nil)
    #expect(isAbandoned)
    gate.change { $0 = true }
    isLate.wait(until: nil, for: { $0 }, then: { _ in })
  }

  @Test func patienceBeginsWhenItIsSet() throws {
    let gate = Monitor(false)
    let call = try call(gate)
    var looks = 0
    let result = call.result(
      patience: {
        looks += 1
        return looks > 3 ? 0 : nil
      }, progress: { 5 })
    #expect(result == nil)
    #expect(looks > 3)
    gate.change { $0 = true }
  }
}
