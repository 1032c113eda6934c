import Synchronization

/// Counts steps of work, so that another thread can distinguish slow work from work that is stuck.
public final class Progress: Sendable {
  private let steps = Atomic<UInt64>(0)

  public init() {}

  /// Adds steps. Can be called from any thread.
  public func advance(by count: Int = 1) {
    steps.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  /// Steps so far, with wraparound.
  public var value: UInt64 { steps.load(ordering: .relaxed) }
}
