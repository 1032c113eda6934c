import Glibc
import UringBase

/// The end of injected faults: the release of slow members and held I/Os.
extension QueueServer {
  /// Releases members that have waited on their pipe (``Detour``) for the configured time.
  mutating func openDetours() {
    let now = MonotonicClock.now()
    for tag in tags.indices {
      // The delay begins when the buffer is registered and the member is submitted, because the
      // member keeps the buffer in use from then on.
      let start = max(tags[tag].record.registered, tags[tag].record.issued)
      guard let detour = tags[tag].detour, detour.kind == .slow,
        now >= start + configuration.slowMemberTime,
        tags[tag].stage == .members, !tags[tag].isDetourOpen
      else { continue }
      tags[tag].isDetourOpen = true
      let status = detour.open(
        backing: backing!, position: tags[tag].record.sector << 9,
        length: Int(tags[tag].record.length), scratch: scratch)
      if status < 0 { tags[tag].fail(status) }
    }
  }

  mutating func releaseHeld() throws(TargetError) {
    for tag in tags.indices where tags[tag].stage == .held {
      held -= 1
      try commit(tag, result: result(tag))
    }
  }
}
