import CRecord
import UringTrace

/// What the event log calls events, and what it says about them.
extension Names {
  static func event(_ kind: RecordKind) -> Piece {
    names[kind.rawValue] ?? Piece("event \(kind.rawValue)")
  }

  /// After the tracepoints; green what ends a request, red what fails one.
  private static let names: [UInt8: Piece] = Dictionary(
    uniqueKeysWithValues: [
      (RecordKind.create, Piece("create", .label)), (.register, Piece("register", .label)),
      (.fileGet, Piece("file_get", .faint)), (.submit, Piece("submit", .strong)),
      (.queueAsyncWork, Piece("queue_async_work", .warning)), (.pollArm, Piece("poll_arm")),
      (.taskAdd, Piece("task_add", .faint)), (.defer, Piece("defer", .warning)),
      (.link, Piece("link")), (.failLink, Piece("fail_link", .error)),
      (.complete, Piece("complete", .good)), (.cqeOverflow, Piece("cqe_overflow", .error)),
      (.reqFailed, Piece("req_failed", .error)), (.cqringWait, Piece("cqring_wait", .faint)),
      (.taskWorkRun, Piece("task_work_run", .faint)),
      (.localWorkRun, Piece("local_work_run", .faint)),
      (.shortWrite, Piece("short_write", .warning)), (.skip, Piece("skip", .good)),
      (.ringFound, Piece("ring found", .label)), (.ringFd, Piece("ring fd", .label)),
      (.ringClosed, Piece("ring closed", .label)), (.taskName, Piece("task name", .faint)),
      (.fileName, Piece("file name", .faint)), (.lost, Piece("LOST", .alarm)),
      (.freed, Piece("freed", .faint)), (.flagName, Piece("flag name", .faint)),
      (.command, Piece("ublk command", .label)),
      (.fuseRequest, Piece("FUSE request", .label)), (.bufferUse, Piece("buffer use", .faint)),
      (.bufferRelease, Piece("buffer release", .good)),
      (.bufferTable, Piece("buffer table", .label)), (.bufferSlot, Piece("buffer slot", .faint)),
      (.registerArgument, Piece("register argument", .faint)),
      (.blockRequest, Piece("block request", .faint)),
      (.groupBuffer, Piece("group buffer", .faint)),
      (.localBuffer, Piece("local buffer", .faint)),
      (.symbol, Piece("symbol", .faint)), (.providedTail, Piece("provided tail", .faint)),
      (.counts, Piece("counts", .faint)),
      (.end, Piece("end of recording", .label)),
      (.ringDepth, Piece("ring depth", .faint)),
      (.ringBalance, Piece("ring balance", .faint)), (.parked, Piece("found", .label)),
      (.unsubmitted, Piece("unsubmitted", .faint)), (.unreaped, Piece("unreaped", .faint)),
      (.kernelStack, Piece("kernel stack", .faint)), (.fileState, Piece("file state", .faint)),
      (.diskRequest, Piece("disk request", .faint)),
      (.registeredFile, Piece("registered file", .faint)),
      (.providedGroup, Piece("provided group", .faint)),
      (.submitStack, Piece("submit stack", .faint)), (.userStack, Piece("user stack", .faint)),
    ].map { ($0.0.rawValue, $0.1) })

  /// What ``Event/value`` and ``Event/flags`` mean for the kind.
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
    case .failLink: Piece("cancels \(event.value)", .error)
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

extension Opcode {
  /// The event has no request.
  var isNone: Bool { rawValue == UInt8(RECORD_OPCODE_NONE) }
}
