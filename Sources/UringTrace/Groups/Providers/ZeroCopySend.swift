extension GroupProvider {
  /// SEND_ZC and SENDMSG_ZC: the network stack borrows the application's memory (6.0 and later).
  public static let sendZC = GroupProvider(.sendZC)
}

extension GroupProviderTraits {
  static let sendZC = GroupProviderTraits(
    id: 5, name: "send_zc", title: "zero-copy send", acknowledgement: "IORING_CQE_F_NOTIF",
    rules: GroupRules(lifecycle: .notification, isOwnMemory: true))
}

extension LendingTracker {
  /// Begins the group of a send whose memory the network stack borrows.
  mutating func beginSend(_ slot: inout RequestSlot, _ event: inout Event) {
    let group = begin(
      .sendZC, on: slot.ring, time: slot.request.startTime, leader: leader(slot))
    if slot.request.opcode.length == .bytes {
      self[group].buffer.address = slot.request.sqe.addr
      self[group].buffer.length = UInt64(slot.request.sqe.len)
    }
    self[group].buffer.direction = .source
    provide(group, time: slot.request.startTime)
    lead(&slot, group, &event)
  }

  mutating func finishSend(
    _ slot: borrowing RequestSlot, _ group: Handle<GroupState>, at moment: Moment
  ) {
    guard !self[group].end.isEnded else { return }
    let result = slot.request.result
    if result > 0 { self[group].members.movedBytes = UInt64(result) }
    if result >= 0, self[group].buffer.length > UInt64(max(0, result)) {
      note(.shortMember, group)
    }
    let isNotified = slot.isNotified
    let isOver = slot.request.hasResult || isNotified
    self[group].times.done = moment.time
    if isNotified {
      acknowledge(group, at: moment, function: 0, isDerived: false)
    } else if isOver, !slot.request.isEndDerived {
      // The send failed before the network stack received the memory: no notification follows.
      end(group, time: moment.time)
    } else {
      acknowledge(group, at: moment, function: 0, isDerived: true)
    }
  }
}
