import UringFindings
import UringTrace

/// The facts about an ended request that a comparison counts.
extension Request {
  /// The errno of a failed preparation, otherwise that of the result; nil without an error.
  var ownError: Int32? {
    if self.preparationError != 0 { return -self.preparationError }
    return self.hasResult && self.opcode.isError(self.result) ? -self.result : nil
  }

  /// True if the request was handed to io-wq.
  var wasPunted: Bool { steps.contains { $0.kind.isHandover } }

  /// True for a zero-copy send whose data the network stack copied.
  var wasCopied: Bool { steps.contains { $0.kind == .notifiedOfCopy } }

  /// Nanoseconds from the submission to the first CQE, in total and in each stage. Nil unless
  /// submission and CQE were both observed.
  var latency: (total: UInt64, stages: InlineArray<5, UInt64>)? {
    guard self.isStartKnown, !self.isEndDerived,
      self.state == .completed || self.state == .overflowed,
      self.preparationError == 0
    else { return nil }
    var stages = InlineArray<5, UInt64>(repeating: 0)
    var (stage, start, end) = (Stage.issued, self.startTime, UInt64?.none)
    for step in steps {
      stages[Int(stage.rawValue)] += step.time.since(start)
      start = step.time
      if [.posted, .completed, .overflowed].contains(step.kind) {
        end = step.time
        break
      }
      stage = stage.after(step.kind)
    }
    guard let end else { return nil }
    return (end.since(self.startTime), stages)
  }
}
