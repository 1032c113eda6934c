import Synchronization

/// Counts steps of work, so that another thread can tell slow work from work that is stuck.
package final class Progress: Sendable {
  private let steps = Atomic<UInt64>(0)

  package init() {}

  package func advance(by count: Int = 1) {
    steps.wrappingAdd(UInt64(count), ordering: .relaxed)
  }

  package var value: UInt64 { steps.load(ordering: .relaxed) }
}
