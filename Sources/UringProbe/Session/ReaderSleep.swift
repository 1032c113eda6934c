import CBPF
import Glibc

/// The reader's sleep between two drains. It ends at the first record after a silence, when the ring buffer fills,
/// when another thread has work for the reader, or after a time limit.
struct ReaderSleep: ~Copyable {
  private let capture: SharedCapture
  private let wake: EventDescriptor
  private let poll: Int32
  private var pacing: DrainPacing
  /// Position of the next record if nothing has been written since the last sleep, else 0.
  private var silentPosition: UInt64 = 0

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
  ///   - rest: nanoseconds until the thread has work even if no record arrives.
  /// - Returns: true if a record has ended a silence.
  mutating func sleep(after drained: Int, atMost rest: UInt64) -> Bool {
    let pause = pacing.pause(after: drained)
    let read = capture.object.reader.consumerPosition
    let isSilent = drained == 0 && capture.object.reader.producerPosition == read
    guard isSilent || pause > DrainPacing.longestUnwatched else {
      silentPosition = 0
      wake.wait(nanoseconds: min(pause, rest))
      return false
    }
    let position = isSilent ? read + 1 : read + UInt64(pacing.wakeSize)
    // A first sleep at this position must be short, see WakePosition.
    let isLong = isSilent && silentPosition == position
    silentPosition = isSilent ? position : 0
    capture.object.wakePosition.set(position)
    if capture.object.reader.producerPosition < position {
      cbpf_epoll_wait(poll, isLong ? rest : min(pause, rest))
      wake.clear()
    }
    let isWoken = capture.object.reader.producerPosition >= position
    capture.object.wakePosition.set(0)
    if isWoken { pacing.restart() }
    return isWoken && isSilent
  }
}
