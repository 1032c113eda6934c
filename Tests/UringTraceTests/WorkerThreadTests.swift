import Glibc
import Synchronization
import Testing
import UringBase

@Suite struct WorkerThreadTests {
  /// After the first join, the next thread can get the same `pthread_t`. A second `pthread_join`
  /// with this `pthread_t` would wait for that other thread.
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
