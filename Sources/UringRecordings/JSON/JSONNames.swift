import CRecord
import UringTrace

/// The names that JSON output uses for enumerated values.
package enum JSONNames {
  /// Names of the set `REQ_F_*` bits, or `bit17` for a bit without a name.
  ///
  /// - Parameter kernelNames: names by bit number, from the flag name records of the capture.
  package static func requestFlags(_ flags: UInt64, _ kernelNames: [String]) -> [String] {
    var request = Request()
    request.flags = flags
    return request.flagNames(kernelNames)
  }

  /// Writes the members of the totals, for summaries and snapshots.
  package static func write(_ totals: RequestTotals, to json: inout JSONWriter) {
    json.field("submitted", totals.submitted)
    json.field("found", totals.found)
    json.field("completed", totals.completed)
    json.field("overflowed", totals.overflowed)
    json.field("skipped", totals.skipped)
    json.field("ended_unseen", totals.endedUnseen)
    json.field("in_flight", totals.inFlight)
    json.field("rings", totals.rings)
  }

  package static func state(_ state: Request.State) -> StaticString {
    switch state {
    case .submitted: "submitted"
    case .deferred: "deferred"
    case .linked: "linked"
    case .issued: "issued"
    case .pollArmed: "poll-armed"
    case .worker: "io-wq"
    case .taskWork: "task-work"
    case .awaitingNotification: "notif-wait"
    case .completed: "completed"
    case .overflowed: "overflowed"
    case .skipped: "skipped"
    case .ended: "ended"
    }
  }

  package static func state(_ state: RequestGroup.State) -> StaticString {
    switch state {
    case .assembling: "assembling"
    case .provided: "provided"
    case .borrowed: "borrowed"
    case .membersDone: "members-done"
    case .givenBack: "given-back"
    case .ended: "ended"
    case .leaked: "leaked"
    }
  }

  /// The name of a direction; nil if the direction is unknown.
  package static func direction(_ direction: GroupBuffer.Direction) -> String? {
    switch direction {
    case .unknown: nil
    case .destination: "destination"
    case .source: "source"
    case .both: "both"
    }
  }

  package static func kind(_ kind: Buffer.Kind) -> StaticString {
    switch kind {
    case .registered: "registered"
    case .providedRing: "provided_ring"
    case .providedLegacy: "provided_legacy"
    }
  }

  package static func step(_ kind: Step.Kind) -> StaticString {
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

  /// The name of a place; nil if the place is unknown.
  package static func place(_ place: Place) -> String? {
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
    case .network: "network"
    }
  }

  package static func method(_ method: Ring.Balance.Method) -> StaticString {
    switch method {
    case .unknown: "unknown"
    case .allocated: "allocated"
    case .references: "references"
    case .sequence: "sequence"
    }
  }

  package static func activity(_ thread: Ring.SQThread) -> String {
    switch thread {
    case .polls: "polls"
    case .sleeps: "sleeps"
    }
  }

  package static func eventfd(_ eventfd: RingEventfd) -> String? {
    switch eventfd {
    case .all: "all"
    case .async: "async"
    default: nil
    }
  }

  /// Name of the error for a negative result. Nil for other results.
  package static func errno(_ result: Int32) -> String? {
    ErrorNumber(result: result)?.name
  }
}

extension Request.State {
  /// The state's name on the screen, in filters and in JSON documents, for example `poll-armed`.
  public var name: String { "\(JSONNames.state(self))" }
}

extension RequestGroup.State {
  /// The state's name in JSON documents, for example `given-back`.
  public var name: String { "\(JSONNames.state(self))" }
}
