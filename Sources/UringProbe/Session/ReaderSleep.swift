import CBPF
import Glibc

/// The reader's sleep between two drains. It ends at the first record after a silence, when the record buffer fills,
/// when another thread has work for the reader, or after a time limit.
struct ReaderSleep: ~Copyable {
  private let capture: SharedCapture
  private let wake: EventDescriptor
  private let poll: Int32
  private var pacing: DrainPacing
  /// True if nothing was written before the last sleep, or during it.
  private var wasSilent = false

  init(capture: SharedCapture, wake: EventDescriptor, pacing: DrainPacing) throws(ProbeError) {
    self.capture = capture
    self.wake = wake
    self.pacing = pacing
    poll = try capture.object.wakePosition.makePoll(with: wake)
  }

  deinit { close(poll) }

  func isBehind(_ drained: Int) -> Bool { pacing.isBehind(drained) }

  /// Sleeps for at most `rest` nanoseconds.
  ///
  /// - Parameters:
  ///   - drained: bytes that the last drain read.
  ///   - reader: reads the records.
  ///   - rest: nanoseconds until the thread has work even if no record arrives.
  /// - Returns: true if a record has ended a silence.
  mutating func sleep(
    after drained: Int, atMost rest: UInt64, reader: borrowing TransportReader
  ) -> Bool {
    let pause = pacing.pause(after: drained)
    let isSilent = drained == 0 && !reader.hasUnread()
    guard isSilent || pause > DrainPacing.longestUnwatched else {
      wasSilent = false
      wake.wait(nanoseconds: min(pause, rest))
      return false
    }
    // A first sleep must be short, see WakePosition.
    let isLong = isSilent && wasSilent
    let chunks = max(1, pacing.wakeSize / ChunkMemory.chunkSize)
    let end = reader.memory.takenChunks + UInt64(chunks)
    func isReached(_ reader: borrowing TransportReader) -> Bool {
      isSilent ? reader.hasUnread() : reader.memory.takenChunks >= end
    }
    capture.object.wakePosition.set(isSilent ? .nextRecord : .takenChunks(end))
    if !isReached(reader) {
      cbpf_epoll_wait(poll, isLong ? rest : min(pause, rest))
      wake.clear()
    }
    let isWoken = isReached(reader)
    capture.object.wakePosition.clear()
    wasSilent = isSilent && !isWoken
    if isWoken { pacing.restart() }
    return isWoken && isSilent
  }
}
