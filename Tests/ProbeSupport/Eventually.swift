import Glibc

/// Waits until a condition holds, which it checks every few milliseconds.
///
/// - Parameter limit: longest wait in seconds; only a failure takes that long.
/// - Returns: true if the condition holds.
@discardableResult
public func eventually(within limit: Int = 60, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(limit)
  while true {
    if try condition() { return true }
    if ContinuousClock.now > deadline { return false }
    poll(nil, 0, 10)
  }
}
