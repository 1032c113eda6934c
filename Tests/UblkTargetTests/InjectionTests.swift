import Testing

@testable import UblkTarget

@Suite struct InjectionTests {
  @Test(arguments: Fault.allCases)
  func namesAreParsed(fault: Fault) {
    #expect(Injection(fault.rawValue)?.fault == fault)
    #expect(Injection("\(fault.rawValue):12.5") == Injection(fault, percent: 12.5))
  }
}
