/// A fault of a ``RequestGroup``. The ``name`` is part of the JSON document.
public enum GroupCondition: UInt8, Sendable, CaseIterable {
  /// Members still borrow a buffer that its owner wants back: the owner has withdrawn the buffer,
  /// or the buffer serves a single transfer and was provided 100 ms ago or more.
  case pinned
  /// Members released the buffer 100 ms or more after its owner wanted it back: after the buffer
  /// was withdrawn or, if it serves a single transfer, after it was provided.
  case givenBackLate
  /// All members ended 100 ms ago or more, and the buffer is still held.
  case heldAfterDone
  /// The ring was closed and the return of the buffer was never seen.
  case neverGivenBack
  /// A member moved less than it requested.
  case shortMember
  /// All members are done and moved less than the whole buffer. Nothing reports the shortage to the
  /// provider.
  case partlyFilled
  /// A member requested bytes outside the buffer (-EFAULT).
  case outOfRange
  /// A member tried to move bytes in the wrong direction (-EFAULT; -EINVAL in SQE groups).
  case wrongDirection
  /// A member named a slot without a buffer (-EFAULT).
  case emptySlot
  /// A member also selects a provided buffer (IOSQE_BUFFER_SELECT).
  case selectsProvided
  /// The leader failed: there is no buffer.
  case leaderFailed
  /// A member failed.
  case memberFailed
  /// Members were cancelled because the leader or another request of the chain failed.
  case membersCancelled
  /// A member failed after another had consumed data from a stream: that data is lost.
  case streamDataLost
  /// The buffer was provided and taken back, and no request used it.
  case unused
  /// ublk: the I/O was committed on another ring than the one that registered its buffer, so the
  /// buffer stays registered.
  case committedElsewhere
  /// ublk: automatic registration failed, and the I/O was delivered without its buffer.
  case notRegistered
  /// No provided buffer was left (-ENOBUFS).
  case exhausted
  /// FUSE: the request was answered, and so ended, while members still used its pages.
  case answeredEarly

  /// Stable identifier, in snake case.
  public var name: StaticString {
    switch self {
    case .pinned: "pinned"
    case .givenBackLate: "given_back_late"
    case .heldAfterDone: "held_after_done"
    case .neverGivenBack: "never_given_back"
    case .shortMember: "short_member"
    case .partlyFilled: "partly_filled"
    case .outOfRange: "out_of_range"
    case .wrongDirection: "wrong_direction"
    case .emptySlot: "empty_slot"
    case .selectsProvided: "selects_provided"
    case .leaderFailed: "leader_failed"
    case .memberFailed: "member_failed"
    case .membersCancelled: "members_cancelled"
    case .streamDataLost: "stream_data_lost"
    case .unused: "unused"
    case .committedElsewhere: "committed_elsewhere"
    case .notRegistered: "not_registered"
    case .exhausted: "exhausted"
    case .answeredEarly: "answered_early"
    }
  }

  /// One sentence for users.
  public var explanation: StaticString {
    switch self {
    case .pinned: "members still borrow the buffer, and its owner waits for it"
    case .givenBackLate: "the buffer was given back late, because members held it"
    case .heldAfterDone: "the buffer remained held after its members were done"
    case .neverGivenBack: "the ring was destroyed, and the buffer was never given back"
    case .shortMember: "a member moved fewer bytes than it requested"
    case .partlyFilled: "the members moved less than the whole buffer"
    case .outOfRange: "a member requested bytes outside the buffer"
    case .wrongDirection: "a member tried to move bytes in the wrong direction"
    case .emptySlot: "a member named a slot without a buffer"
    case .selectsProvided: "a member also selects a provided buffer"
    case .leaderFailed: "the leader failed"
    case .memberFailed: "a member failed"
    case .membersCancelled: "members were cancelled"
    case .streamDataLost: "a member failed after data had been taken from a stream"
    case .unused: "no request used the buffer"
    case .committedElsewhere:
      "the request was committed on another ring, and its buffer stayed registered"
    case .notRegistered: "automatic registration failed"
    case .exhausted: "no provided buffer was left"
    case .answeredEarly: "the FUSE request was answered while members still used its pages"
    }
  }
}

/// A set of conditions, in the order of ``GroupCondition``.
public struct GroupConditions: Hashable, Sendable, Sequence {
  public private(set) var bits: UInt32 = 0

  public init() {}

  public init(_ conditions: GroupCondition...) {
    for condition in conditions { insert(condition) }
  }

  public var isEmpty: Bool { bits == 0 }
  public var count: Int { bits.nonzeroBitCount }

  public func contains(_ condition: GroupCondition) -> Bool {
    bits & 1 << condition.rawValue != 0
  }

  public mutating func insert(_ condition: GroupCondition) {
    bits |= 1 << condition.rawValue
  }

  public mutating func remove(_ condition: GroupCondition) {
    bits &= ~(1 << condition.rawValue)
  }

  public func makeIterator() -> AnyIterator<GroupCondition> {
    var rest = bits
    return AnyIterator {
      while rest != 0 {
        let bit = rest.trailingZeroBitCount
        rest &= rest - 1
        if let condition = GroupCondition(rawValue: UInt8(bit)) { return condition }
      }
      return nil
    }
  }
}
