/// The part that a request has in the lending of buffers (``RequestLending``). Most requests have
/// none.
extension LendingTracker {
  func part(of slot: borrowing RequestSlot) -> RequestLending {
    slot.lending == .none ? RequestLending() : parts[slot.lending]
  }

  mutating func changePart(
    of slot: inout RequestSlot, _ change: (inout RequestLending) -> Void
  ) {
    if slot.lending == .none {
      slot.lending = parts.take(RequestLending())
      parts[slot.lending] = RequestLending()
      slot.isPlain = false
    }
    change(&parts[slot.lending])
  }

  /// Sets the group that ``Request/group`` names, and the request's role in it.
  mutating func setGroup(
    of slot: inout RequestSlot, to group: GroupReference, as role: GroupRole
  ) {
    changePart(of: &slot) {
      $0.group = group
      $0.role = role
    }
    slot.request.group = group.id
  }

  /// Frees the ``RequestLending`` of a request that no record will name any more.
  mutating func forgetPart(of slot: inout RequestSlot) {
    guard slot.lending != .none else { return }
    parts.give(back: slot.lending)
    slot.lending = .none
  }
}
