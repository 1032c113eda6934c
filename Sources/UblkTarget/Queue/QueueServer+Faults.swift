import Glibc
import UringBase

/// Ending faults: releasing members and I/Os that were delayed or held back.
extension QueueServer {
  /// Releases slow members whose delay is over.
  mutating func openDetours() {
    let now = MonotonicClock.now()
    for tag in tags.indices {
      // Measured from the registration of the buffer, because the member keeps the buffer in use.
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
