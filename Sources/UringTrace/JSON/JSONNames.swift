import CRecord

/// What values are called in JSON.
enum JSONNames {
  /// Names of `REQ_F_*` that are set, `bit17` for those without a name.
  ///
  /// - Parameter kernelNames: by bit, as the stream tells them.
  static func requestFlags(_ flags: UInt64, _ kernelNames: [String]) -> [String] {
    var request = Request()
    request.flags = flags
    return request.flagNames(kernelNames)
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
    case .command: "command"
    case .bufferUse: "buffer_use"
    case .bufferRelease: "buffer_release"
    case .bufferTable: "buffer_table"
    case .bufferSlot: "buffer_slot"
    case .registerArgument: "register_argument"
    case .blockRequest: "block_request"
    case .fuseRequest: "fuse_request"
    case .groupBuffer: "group_buffer"
    case .localBuffer: "local_buffer"
    case .symbol: "symbol"
    case .providedTail: "provided_tail"
    case .end: "end"
    case .counts: "counts"
    case .ringDepth: "ring_depth"
    case .ringBalance: "ring_balance"
    case .parked: "parked"
    case .unsubmitted: "unsubmitted"
    case .unreaped: "unreaped"
    case .kernelStack: "kernel_stack"
    case .fileState: "file_state"
    case .diskRequest: "disk_request"
    case .submitStack: "submit_stack"
    case .userStack: "user_stack"
    case .registeredFile: "registered_file"
    case .providedGroup: "provided_group"
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
    case .notRun: "not_run"
    @unknown default: "unknown"
    }
  }

  static func lossCause(_ name: String) -> LossCause? {
    [LossCause.ringBufferFull, .outputStalled, .notRun].first {
      lossCause($0).description == name
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

  static func state(_ state: RequestGroup.State) -> StaticString {
    switch state {
    case .assembling: "assembling"
    case .provided: "provided"
    case .borrowed: "borrowed"
    case .membersDone: "members_done"
    case .givenBack: "given_back"
    case .leaked: "leaked"
    }
  }

  /// nil where it is not known.
  static func direction(_ direction: GroupBuffer.Direction) -> String? {
    switch direction {
    case .unknown: nil
    case .destination: "destination"
    case .source: "source"
    case .both: "both"
    }
  }

  static func kind(_ kind: Buffer.Kind) -> StaticString {
    switch kind {
    case .registered: "registered"
    case .providedRing: "provided_ring"
    case .providedLegacy: "provided_legacy"
    }
  }

  static func release(_ function: ReleaseFunction) -> String {
    function.symbol ?? "\(function.rawValue)"
  }

  static func release(_ symbol: String) -> ReleaseFunction? {
    (1..<64).lazy.map { ReleaseFunction(rawValue: $0)! }.first { release($0) == symbol }
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
    case .notifiedOfCopy: "notified_of_copy"
    case .ended: "ended"
    case .found: "found"
    }
  }

  /// nil where the place is not known.
  static func place(_ place: Place) -> String? {
    switch place {
    case .unknown: nil
    case .linked: "linked"
    case .deferred: "deferred"
    case .poll: "poll"
    case .timeout: "timeout"
    case .linkTimeout: "link_timeout"
    case .command: "uring_cmd"
    case .futex: "futex"
    case .waitid: "waitid"
    case .iopoll: "iopoll"
    case .block: "block"
    case .workerQueued: "io_wq_queued"
    case .workerRunning: "io_wq_running"
    case .taskWork: "task_work"
    }
  }

  static func place(_ name: String) -> RecordPlace? {
    Place.allCases.first { place($0) == name }.flatMap { RecordPlace(rawValue: $0.rawValue) }
  }

  static func method(_ method: Ring.Balance.Method) -> StaticString {
    switch method {
    case .unknown: "unknown"
    case .allocated: "allocated"
    case .references: "references"
    case .sequence: "sequence"
    }
  }

  static func method(_ method: BalanceMethod) -> StaticString {
    self.method(Ring.Balance.Method(method))
  }

  static func method(_ name: String) -> BalanceMethod? {
    [.unknown, .allocated, .references, .sequence].first { method($0).description == name }
  }

  static func activity(_ thread: Ring.SQThread) -> String {
    switch thread {
    case .polls: "polls"
    case .sleeps: "sleeps"
    }
  }

  /// Of an SQPOLL thread, nil without one.
  static func activity(_ activity: ThreadActivity) -> String? {
    Ring.SQThread(activity).map { self.activity($0) }
  }

  static func activity(_ name: String?) -> ThreadActivity {
    [.polls, .sleeps].first { activity($0) == name } ?? .unknown
  }

  /// Of a negative result, nil for others.
  static func errno(_ result: Int32) -> String? {
    ErrorNumber(result: result)?.name
  }
}

extension Request.State {
  /// As documents have it: `poll_armed`.
  public var name: String { "\(JSONNames.state(self))" }
}

extension RequestGroup.State {
  /// As documents have it: `given_back`.
  public var name: String { "\(JSONNames.state(self))" }
}
