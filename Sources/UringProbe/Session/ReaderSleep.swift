import CBPF
import Glibc

/// The reader thread's sleep between two drains of the record buffer.
///
/// The sleep ends at the first record after a silence, when a part of the record buffer is full,
/// when another thread has work for the reader, or after a time limit.
struct ReaderSleep: ~Copyable {
  private let capture: SharedCapture
  private let wake: EventDescriptor
  private let poll: Int32
  private var pacing: DrainPacing
  /// True if no record was written before or during the last sleep.
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
  ///   - rest: nanoseconds until the reader thread has work even if no record arrives.
  ///   - reader: its lanes show whether unread records exist.
  /// - Returns: true if the first record after a silence ended the sleep.
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
    // The first sleep of a silence must be short, because a wake-up can be missed; see
    // WakePosition.
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
