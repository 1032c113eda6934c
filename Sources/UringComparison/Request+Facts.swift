import UringFindings
import UringTrace

/// The facts about an ended request that a comparison counts.
extension Request {
  /// The errno of a request that failed by itself; nil without an error.
  var ownError: Int32? {
    if preparationError != 0 { return -preparationError }
    return hasResult && opcode.isError(result) ? -result : nil
  }

  /// True if it was handed to io-wq.
  var wasPunted: Bool {
    hasStep { $0 == .queuedToWorker || $0 == .queuedToWorkerHashed }
  }

  /// True for a zero-copy send whose data the network stack copied.
  var wasCopied: Bool { hasStep { $0 == .notifiedOfCopy } }

  private func hasStep(_ isWanted: (Step.Kind) -> Bool) -> Bool {
    for index in 0..<min(Int(stepCount), Self.stepCapacity)
    where isWanted(stepStorage[index].kind) {
      return true
    }
    return false
  }

  /// Nanoseconds from the submission to the first CQE, and the same by stage. Nil unless both were observed.
  var latency: (total: UInt64, stages: InlineArray<5, UInt64>)? {
    guard isStartKnown, !isEndDerived, state == .completed || state == .overflowed,
      preparationError == 0
    else { return nil }
    var stages = InlineArray<5, UInt64>(repeating: 0)
    var (stage, start, end) = (Stage.issued, startTime, UInt64?.none)
    for index in 0..<min(Int(stepCount), Self.stepCapacity) {
      let step = stepStorage[index]
      stages[Int(stage.rawValue)] += step.time.since(start)
      start = step.time
      if [.posted, .completed, .overflowed].contains(step.kind) {
        end = step.time
        break
      }
      stage = stage.after(step.kind)
    }
    guard let end else { return nil }
    return (end.since(startTime), stages)
  }
}
