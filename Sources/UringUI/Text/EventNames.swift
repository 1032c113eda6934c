import CRecord
import UringRecords
import UringTrace

/// Titles and descriptions of events in the event log.
extension Names {
  static func event(_ kind: RecordKind) -> Piece {
    guard let descriptor = kind.descriptor else { return Piece("event \(kind.rawValue)") }
    return Piece("\(descriptor.title)", Style(descriptor.role))
  }

  /// A description of ``Event/value`` and ``Event/flags``, by the kind of the event.
  static func value(of event: Event) -> Piece {
    switch event.kind {
    case .submit, .create, .fileGet, .ringFd:
      event.value >= 0 ? Piece("fd \(event.value)") : Piece("")
    case .complete, .cqeOverflow, .reqFailed, .register, .skip:
      outcome(event)
    case .shortWrite: Piece("\(event.value) bytes", .warning)
    case .cqringWait: Piece("for \(event.value)")
    case .pollArm: Piece(NamedBits.poll.text(event.flags))
    case .taskAdd: Piece(NamedBits.poll.text(UInt32(truncatingIfNeeded: event.value)), .faint)
    case .queueAsyncWork: Piece(event.flags != 0 ? "hashed" : "", .warning)
    case .taskWorkRun, .localWorkRun, .lost: Piece("\(event.value)")
    case .link: Piece("behind \(event.value)")
    case .failLink: Piece("cancels request \(event.value)", .error)
    default: Piece("")
    }
  }

  private static func outcome(_ event: Event) -> Piece {
    var piece = result(Int32(truncatingIfNeeded: event.value), of: event.opcode)
    let names: [String] =
      switch event.kind {
      case .register: [RegisterOpcode(rawValue: event.flags).name]
      case .complete, .cqeOverflow: CQEFlags(rawValue: event.flags).names
      default: []
      }
    for name in names { piece.text += " " + name }
    return piece
  }
}

extension Style {
  fileprivate init(_ role: RecordDescriptor.Role) {
    self =
      switch role {
      case .text: .normal
      case .label: .label
      case .faint: .faint
      case .strong: .strong
      case .warning: .warning
      case .error: .error
      case .good: .good
      case .alarm: .alarm
      }
  }
}
