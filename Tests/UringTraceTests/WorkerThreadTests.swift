import Glibc
import Synchronization
import Testing
import UringBase

@Suite struct WorkerThreadTests {
  /// The thread's number belongs to the next thread after the first join: a second one would wait for that.
  @Test func aSecondJoinWaitsForNoOtherThread() throws {
    let first = WorkerThread("first", orThrow: WorkerThread.noThread) {}
    first.join()
    let mayEnd = Atomic(false)
    let next = WorkerThread("next", orThrow: WorkerThread.noThread) {
      while !mayEnd.load(ordering: .acquiring) { usleep(1000) }
    }
    first.join()
    mayEnd.store(true, ordering: .releasing)
    next.join()
  }
}
