import CRecord

/// What values are called in JSON.
enum JSONNames {
  /// Names of the bits that are set, lowest first; `BIT_n` for those without a name.
  static func bits(_ value: UInt64, _ name: (Int) -> String?) -> [String] {
    var names: [String] = []
    var rest = value
    while rest != 0 {
      let bit = rest.trailingZeroBitCount
      names.append(name(bit) ?? "BIT_\(bit)")
      rest &= rest - 1
    }
    return names
  }

  /// The other way round; nil if a name is not known.
  static func bits(_ names: [String], _ bit: (String) -> Int?) -> UInt64? {
    var value: UInt64 = 0
    for name in names {
      let number =
        name.hasPrefix("BIT_") ? Int(name.dropFirst(4)) : bit(name)
      guard let number, 0..<64 ~= number else { return nil }
      value |= 1 << UInt64(number)
    }
    return value
  }

  static func setupFlags(_ flags: UInt32) -> [String] {
    bits(UInt64(flags)) { $0 < NamesStub.setup.count ? NamesStub.setup[$0] : nil }
  }

  static func setupFlags(_ names: [String]) -> UInt32? {
    bits(names) { NamesStub.setup.firstIndex(of: $0) }.flatMap(UInt32.init(exactly:))
  }

  /// `IOSQE_*` by bit.
  static let sqeFlagNames = [
    "FIXED_FILE", "IO_DRAIN", "IO_LINK", "IO_HARDLINK", "ASYNC", "BUFFER_SELECT",
    "CQE_SKIP_SUCCESS",
  ]

  static func sqeFlags(_ flags: UInt8) -> [String] {
    bits(UInt64(flags)) { $0 < sqeFlagNames.count ? sqeFlagNames[$0] : nil }
  }

  static func sqeFlags(_ names: [String]) -> UInt8? {
    bits(names) { sqeFlagNames.firstIndex(of: $0) }.flatMap(UInt8.init(exactly:))
  }

  /// `IORING_CQE_F_*`; the upper half is a buffer's id and not a flag.
  static func cqeFlags(_ flags: UInt32) -> [String] {
    bits(UInt64(flags & 0xffff)) { bit in
      switch bit {
      case 0: "BUFFER"
      case 1: "MORE"
      case 2: "SOCK_NONEMPTY"
      case 3: "NOTIF"
      case 4: "BUF_MORE"
      case 5: "SKIP"
      case 15: "32"
      default: nil
      }
    }
  }

  /// The provided buffer that a CQE names, nil if it names none.
  static func bufferID(_ cqeFlags: UInt32) -> UInt32? {
    cqeFlags & 1 != 0 ? cqeFlags >> 16 : nil
  }

  /// Unknown opcodes are `OP_n`.
  static func opcode(_ opcode: UInt8) -> String {
    Int(opcode) < NamesStub.opcodes.count ? NamesStub.opcodes[Int(opcode)] : "OP_\(opcode)"
  }

  static func opcode(_ name: String) -> UInt8? {
    if let index = NamesStub.opcodes.firstIndex(of: name) { return UInt8(index) }
    return name.hasPrefix("OP_") ? UInt8(name.dropFirst(3)) : nil
  }

  static func event(_ kind: RecordKind) -> StaticString {
    switch kind {
    case .create: "create"
    case .register: "register"
    case .fileGet: "file_get"
    case .submit: "submit"
    case .queueAsyncWork: "queue_async_work"
    case .pollArm: "poll_arm"
    case .taskAdd: "task_add"
    case .defer: "defer"
    case .link: "link"
    case .failLink: "fail_link"
    case .complete: "complete"
    case .cqeOverflow: "cqe_overflow"
    case .reqFailed: "req_failed"
    case .cqringWait: "cqring_wait"
    case .taskWorkRun: "task_work_run"
    case .localWorkRun: "local_work_run"
    case .shortWrite: "short_write"
    case .skip: "skip"
    case .ringFound: "ring_found"
    case .ringFd: "ring_fd"
    case .ringClosed: "ring_closed"
    case .taskName: "task_name"
    case .fileName: "file_name"
    case .lost: "lost"
    case .freed: "freed"
    case .flagName: "flag_name"
    case .end: "end"
    @unknown default: "unknown"
    }
  }

  static func event(_ name: String) -> RecordKind? { kinds[name] }

  private static let kinds: [String: RecordKind] = Dictionary(
    uniqueKeysWithValues: RecordKind.all.map { (event($0).description, $0) })

  static func lossCause(_ cause: LossCause) -> StaticString {
    switch cause {
    case .ringBufferFull: "ring_buffer_full"
    case .outputStalled: "output_stalled"
    @unknown default: "unknown"
    }
  }

  static func state(_ state: Request.State) -> StaticString {
    switch state {
    case .submitted: "submitted"
    case .deferred: "deferred"
    case .linked: "linked"
    case .issued: "issued"
    case .pollArmed: "poll_armed"
    case .worker: "worker"
    case .taskWork: "task_work"
    case .awaitingNotification: "awaiting_notification"
    case .completed: "completed"
    case .overflowed: "overflowed"
    case .skipped: "skipped"
    case .ended: "ended"
    }
  }

  static func step(_ kind: Step.Kind) -> StaticString {
    switch kind {
    case .submitted: "submitted"
    case .deferred: "deferred"
    case .linked: "linked"
    case .fileAssigned: "file_assigned"
    case .pollArmed: "poll_armed"
    case .queuedToWorker: "queued_to_worker"
    case .queuedToWorkerHashed: "queued_to_worker_hashed"
    case .taskWorkAdded: "task_work_added"
    case .posted: "posted"
    case .shortWrite: "short_write"
    case .linkFailed: "link_failed"
    case .linkCancelled: "link_cancelled"
    case .preparationFailed: "preparation_failed"
    case .completed: "completed"
    case .overflowed: "overflowed"
    case .skipped: "skipped"
    case .notified: "notified"
    case .ended: "ended"
    }
  }

  static func errno(_ result: Int32) -> String? {
    guard result < 0 else { return nil }
    return "E\(-result)"
  }
}
