import UringBase
import UringTrace

extension FindingRule {
  static let implausibleValue = FindingRule(
    "implausible-value", .condition(),
    meaning:
      "A timer fires years from now: the kernel reads its __kernel_timespec at submission, and the "
      + "value there was probably no longer the one that the program had written.",
    cure:
      "Keep the timespec valid and unchanged until io_uring_submit has returned; with SQPOLL, until the "
      + "SQ thread has taken the SQE."
  ) { evidence in
    evidence.openRings.flatMap { ring in
      evidence.inFlight(on: ring.id).compactMap { request -> Sighting? in
        guard let wait = request.implausibleWait else { return nil }
        let guarded = evidence.guarded(by: request)
        let years = wait / (365 * TimeUnit.day.nanoseconds)
        return Sighting(
          severity: .warn, rings: [ring.id],
          requests: [request.id] + (guarded.map { [$0.id] } ?? []),
          summary: evidence.words(request)
            + (guarded.map { ", which guards \(evidence.words($0))," } ?? "")
            + " fires \(wait / 1_000_000_000) s (\(years) years) after its submission: its timespec was not valid then",
          numbers: [.init("wait_s", wait / 1_000_000_000)])
      }
    }
  }
}

extension Request {
  /// Nanoseconds from the submission of a timeout to its expiry, if this value is implausible; nil
  /// otherwise, and for values that mean "never".
  ///
  /// Programs that mean "never" write the largest value of a type: seconds in 31 or 32 bits, or a
  /// value so large that the kernel limits it to `KTIME_MAX`.
  fileprivate var implausibleWait: UInt64? {
    guard self.isStartKnown, self.expiryTime != 0,
      self.place == .timeout || self.place == .linkTimeout
    else {
      return nil
    }
    let wait = self.expiryTime.since(self.startTime)
    let seconds = (wait + 500_000_000) / 1_000_000_000
    let never: [UInt64] = [1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32]
    guard wait > 10 * 365 * TimeUnit.day.nanoseconds, self.expiryTime < UInt64(Int64.max),
      !never.contains(seconds)
    else { return nil }
    return wait
  }
}

extension Evidence {
  /// The request that a LINK_TIMEOUT guards: the request before it in its chain.
  fileprivate func guarded(by request: Request) -> Request? {
    guard request.opcode == .linkTimeout, request.chain != 0,
      let chain = snapshot.chains.first(where: { $0.id == request.chain }),
      let place = chain.members.firstIndex(where: { $0.request == request.id }), place > 0
    else { return nil }
    return self.request(chain.members[place - 1].request)
  }
}
