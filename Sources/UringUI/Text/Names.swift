import UringFields
import UringTrace

/// Short names of the kernel's values.
enum Names {
  static func opcode(_ opcode: Opcode) -> String { opcode.name }

  static func errno(_ number: Int32) -> String { ErrorNumber(rawValue: number).name }

  /// The name of a result's errno, such as `-EIO`; the number if the result is not an errno.
  static func error(_ result: Int32) -> String {
    ErrorNumber.text(ofResult: result)
  }

  static func setupFlags(_ flags: SetupFlags) -> String { flags.names.joined(separator: " ") }

  static func state(_ state: Request.State) -> Piece {
    let style: Style =
      switch state {
      case .submitted, .issued, .completed: .normal
      case .deferred, .linked, .skipped, .ended: .faint
      case .pollArmed: .good
      case .worker: .warning
      case .taskWork, .awaitingNotification: .label
      case .overflowed: .error
      }
    return Piece(state.name, style)
  }

  /// The mark after a state that was not observed, but derived from other events.
  static let derivedMark = "◌"

  /// The request's state, with a mark if its end was derived.
  static func state(_ request: Request) -> Piece {
    var state = state(request.state)
    if request.isEndDerived { state.text += derivedMark }
    return state
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
    case .posted: Piece("posted a CQE, more to come", .good)
    case .shortWrite: Piece("short write", .warning)
    case .linkFailed: Piece("named as the failed link", .error)
    case .linkCancelled: Piece("cancelled: its chain broke", .error)
    case .preparationFailed: Piece("refused in preparation", .error)
    case .completed: Piece("completed", .good)
    case .overflowed: Piece("CQE overflowed", .error)
    case .skipped: Piece("ended, CQE skipped as asked", .good)
    case .notifiedOfCopy: Piece("network stack had copied the buffer", .warning)
    case .notified: Piece("network stack released the buffer", .good)
    case .ended: Piece("ended, unseen", .warning)
    case .found: Piece("found in flight", .label)
    }
  }

  /// The request's place in the kernel, as part of a sentence; empty if it is unknown.
  static func place(_ place: Place) -> String {
    switch place {
    case .unknown: ""
    case .linked: "behind another request of its chain"
    case .deferred: "behind a drain"
    case .poll: "armed on its file, until it is ready"
    case .timeout: "a timer that runs"
    case .linkTimeout: "a timer that guards the request before it"
    case .command: "with its driver, which can cancel it"
    case .futex: "on a futex"
    case .waitid: "waits for a process"
    case .iopoll: "polled I/O, with the device"
    case .block: "in the block layer"
    case .workerQueued: "in io-wq's queue"
    case .workerRunning: "a worker thread executes it"
    case .taskWork: "ready; its task has not run its completion yet"
    case .network: "sent; the network stack still has its memory"
    }
  }

  static func result(_ request: Request) -> Piece {
    guard request.hasResult else { return Piece("") }
    return result(request.result, of: request.opcode)
  }

  /// A result, in the style of errors if it is one. The -ETIME of a timeout is not an error.
  static func result(_ result: Int32, of opcode: Opcode) -> Piece {
    guard result < 0 else { return Piece("\(result)") }
    let name = error(result)
    return opcode.isError(result) ? Piece(name, .error) : Piece(name)
  }
}
