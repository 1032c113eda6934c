import Glibc
import Synchronization
import Testing
import UringBase

@Suite struct WorkerThreadTests {
  /// The thread's number belongs to the next thread after the first join: a second one would wait for that.
  @Test func aSecondJoinWaitsForNoOtherThread() throws {
    let first = try WorkerThread("first", orThrow: ThreadError.init) {}
    first.join()
    let mayEnd = Atomic(false)
    let next = try WorkerThread("next", orThrow: ThreadError.init) {
      while !mayEnd.load(ordering: .acquiring) { usleep(1000) }
    }
    first.join()
    mayEnd.store(true, ordering: .releasing)
    next.join()
  }
}
