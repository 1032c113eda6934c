/// Draws at random which I/Os get a fault.
struct FaultPlan {
  private let injections: [Injection]
  private var state: UInt64

  init(_ injections: [Injection], seed: UInt64) {
    self.injections = injections
    state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  }

  /// Returns the fault of the next I/O, or nil. An I/O has at most one fault, and each injection
  /// gets its percentage of all I/Os.
  mutating func draw(for operation: Operation) -> Fault? {
    if injections.isEmpty { return nil }
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    var rest = Double(state >> 11) / Double(1 << 53) * 100
    for injection in injections where injection.fault.rule.operations.contains(operation) {
      if rest < injection.percent { return injection.fault }
      rest -= injection.percent
    }
    return nil
  }
}
