import Testing

@testable import UblkTarget

@Suite struct FaultTests {
  @Test(arguments: Fault.allCases)
  func namesAreParsed(fault: Fault) {
    #expect(Injection(fault.rawValue)?.fault == fault)
    #expect(Injection("\(fault.rawValue):12.5") == Injection(fault, percent: 12.5))
  }

  @Test(arguments: ["", "slow", "no-ack:", "no-ack:0", "no-ack:101", "no-ack:x", "no-ack:1:2"])
  func nonsenseIsRefused(text: String) {
    #expect(Injection(text) == nil)
  }

  @Test func sharesAreKept() {
    var plan = FaultPlan(
      [Injection(.slowMember, percent: 10), Injection(.shortRead, percent: 20)], seed: 1)
    var counts: [Fault: Int] = [:]
    for _ in 0..<10_000 {
      if let fault = plan.draw(for: .read) { counts[fault, default: 0] += 1 }
    }
    #expect((800...1200).contains(counts[.slowMember] ?? 0))
    #expect((1700...2300).contains(counts[.shortRead] ?? 0))
    // A write is never short.
    #expect((0..<1000).allSatisfy { _ in plan.draw(for: .write) != .shortRead })
  }

  @Test func nothingWithoutInjections() {
    var plan = FaultPlan([], seed: 1)
    #expect((0..<100).allSatisfy { _ in plan.draw(for: .read) == nil })
  }
}
