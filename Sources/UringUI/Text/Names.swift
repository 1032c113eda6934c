import CRecord
import UringTrace

/// Short names of the kernel's values, for columns.
enum Names {
  static func opcode(_ opcode: Opcode) -> String { "OP\(opcode.rawValue)" }

  static func errno(_ number: Int32) -> String { "E\(number)" }

  static func setupFlags(_ flags: SetupFlags) -> [String] { flags.rawValue == 0 ? [] : ["0x\(String(flags.rawValue, radix: 16))"] }

  static func state(_ state: Request.State) -> Piece {
    switch state {
    case .submitted: Piece("submitted")
    case .deferred: Piece("deferred", .faint)
    case .linked: Piece("linked", .faint)
    case .issued: Piece("issued")
    case .pollArmed: Piece("poll-armed", .good)
    case .worker: Piece("io-wq", .warning)
    case .taskWork: Piece("task work", .label)
    case .awaitingNotification: Piece("notif wait", .label)
    case .completed: Piece("completed")
    case .overflowed: Piece("overflowed", .error)
    case .skipped: Piece("skipped", .faint)
    case .ended: Piece("ended", .faint)
    }
  }

  static func step(_ kind: Step.Kind) -> Piece {
    switch kind {
    case .submitted: Piece("submitted")
    case .deferred: Piece("deferred behind a drain", .warning)
    case .linked: Piece("linked behind another request")
    case .fileAssigned: Piece("file assigned, issued")
    case .pollArmed: Piece("poll-armed", .good)
    case .queuedToWorker: Piece("queued to io-wq", .warning)
    case .queuedToWorkerHashed: Piece("queued to io-wq, hashed by file", .warning)
    case .taskWorkAdded: Piece("task work added", .label)
    case .posted: Piece("posted a CQE, lives on", .good)
    case .shortWrite: Piece("short write", .warning)
    case .linkFailed: Piece("named as the failed link", .error)
    case .linkCancelled: Piece("cancelled: its chain broke", .error)
    case .preparationFailed: Piece("refused in preparation", .error)
    case .completed: Piece("completed", .good)
    case .overflowed: Piece("CQE overflowed", .error)
    case .skipped: Piece("ended, CQE skipped as asked", .good)
    case .notified: Piece("network stack let go of the buffer", .good)
    case .ended: Piece("ended, unseen", .warning)
    }
  }

  static func result(_ request: Request) -> Piece {
    guard request.hasResult else { return Piece("") }
    return result(request.result)
  }

  static func result(_ result: Int32) -> Piece {
    result < 0 ? Piece("-" + errno(-result), .error) : Piece("\(result)")
  }
}

extension Names {
  static func event(_ kind: RecordKind) -> Piece { Piece("\(kind.rawValue)") }

  static func value(of event: Event) -> Piece { Piece("\(event.value)") }
}

extension Opcode {
  /// The event has no request.
  var isNone: Bool { rawValue == 0xFF }
}
