import CRecord

extension RecordKind {
  /// True for a completion with an error, a broken link, a failed preparation or an overflow.
  ///
  /// - Parameter result: the result of a completion; not evaluated for other kinds.
  package func isError(_ opcode: Opcode, result: @autoclosure () -> Int32) -> Bool {
    switch self {
    case .complete: opcode.isError(result())
    case .failLink, .reqFailed, .cqeOverflow: true
    default: false
    }
  }
}

extension Opcode {
  /// True for the opcode of an event without a request.
  package var isNone: Bool { rawValue == UInt8(RECORD_OPCODE_NONE) }
}

/// One trace record with the request and ring that it refers to: a line of the event log.
public struct Event: Sendable {
  // The first four members are those that an ``EventLog`` sets at once. It sets the others only
  // when the event is read.

  public var time: UInt64
  /// 0 if the event refers to no request.
  public var request: Request.ID
  /// 0 if the event refers to no ring.
  public var ring: Ring.ID
  public var kind: RecordKind
  public var opcode: Opcode
  /// False if the event's request has an unknown ``userData``.
  public var isUserDataKnown = true
  public var userData: UInt64
  /// A number whose meaning depends on ``kind``: fd of a submission, creation or file look-up;
  /// result of a CQE, short write (bytes) or registration; error of a preparation failure; CQEs
  /// waited for; poll mask; count of task work or of lost records; the other request of a link (its
  /// target) or of a link failure (the cancelled request).
  public var value: Int64
  public var tid: UInt32
  /// Flags whose meaning depends on ``kind``: `IOSQE_*` of a submission or preparation failure,
  /// `IORING_CQE_F_*` of a CQE, `POLL*` events waited for, 1 for hashed work, `IORING_REGISTER_*`
  /// of a registration, `IORING_SETUP_*` of a creation.
  public var flags: UInt32
  /// The group that the event refers to; 0 if none.
  public var group: RequestGroup.ID = 0
}
