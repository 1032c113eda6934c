import Glibc

/// Waits until a condition holds, and looks every few milliseconds whether it does.
///
/// - Parameter limit: seconds after which it does not wait any longer; only a failure takes that long.
/// - Returns: whether it holds.
@discardableResult
public func eventually(within limit: Int = 60, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(limit)
  while true {
    if try condition() { return true }
    if ContinuousClock.now > deadline { return false }
    poll(nil, 0, 10)
  }
}
