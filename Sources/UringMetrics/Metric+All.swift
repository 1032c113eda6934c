import UringFindings
import UringTrace

extension Metric {
  /// All metrics, in the order of the exposition.
  public static let all: [Metric] = ofRoles + ofObservation + ofFindings + ofCost

  private static let roleLabels = ["comm", "cgroup", "opcode"]

  // MARK: Roles

  private static func role(
    _ name: String, _ help: String, _ count: @escaping @Sendable (Role.Counts) -> UInt64
  ) -> Metric {
    Metric(name, .counter, labels: roleLabels, help) { moment in
      moment.roles.map { Sample($0.labels, .integer(count($0.counts))) }
    }
  }

  private static let ofRoles: [Metric] = [
    role("uringtop_requests", "Requests submitted.") { $0.submitted },
    role("uringtop_requests_completed", "Requests that ended with a CQE in the ring.") {
      $0.completed
    },
    role(
      "uringtop_requests_skipped", "Requests that ended without a CQE, as the program requested."
    ) {
      $0.skipped
    },
    role("uringtop_preparation_failures", "Requests whose SQE the kernel refused.") {
      $0.preparationFailures
    },
    Metric(
      "uringtop_request_errors", .counter, labels: roleLabels + ["errno"],
      "Requests that ended with an error. ETIME of a timeout, and ECANCELED of a link timeout that was not needed, do not count."
    ) { moment in
      moment.roles.flatMap { role in
        role.errnos.map { Sample(role.labels + [name(ofErrno: $0.errno)], .integer($0.count)) }
      }
    },
    role("uringtop_cqes", "CQEs posted, those in the overflow list included.") { $0.cqes },
    role("uringtop_cqe_overflows", "CQEs that did not fit into the completion queue.") {
      $0.overflows
    },
    role(
      "uringtop_cqes_dropped", "Overflowed CQEs for which the kernel had no memory: they are lost."
    ) { $0.dropped },
    role(
      "uringtop_punts",
      "Requests that were given to an io-wq worker; too low when records are lost, and with sampling."
    ) { $0.punted },
    Metric(
      "uringtop_transferred_bytes", .counter, labels: roleLabels + ["direction"],
      "Bytes that completed requests read or wrote."
    ) { moment in
      moment.roles.flatMap { role in
        [("read", role.counts.bytesRead), ("write", role.counts.bytesWritten)].filter { $0.1 > 0 }
          .map { Sample(role.labels + [$0.0], .integer($0.1)) }
      }
    },
    Metric(
      "uringtop_requests_in_flight", .gauge, labels: roleLabels,
      """
      Requests in flight that uringtop can list: it saw their submission, or found them in the \
      kernel's lists.
      """
    ) { moment in moment.roles.map { Sample($0.labels, .integer($0.inFlight)) } },
    Metric(
      "uringtop_request_duration_seconds", .histogram, labels: roleLabels,
      "Time from the submission of a request to its first CQE, or to its end without one. The exemplar of a bucket is its last request."
    ) { moment in moment.roles.map { Sample($0.labels, .latency($0.latency)) } },
    role(
      "uringtop_requests_unmeasured",
      "Requests that ended and are not in uringtop_request_duration_seconds: records were lost, or the requests are not in the sample or older than uringtop."
    ) { $0.unmeasured },
  ]

  private static func name(ofErrno errno: Int32) -> String {
    errno == 0 ? "other" : ErrorNumber(rawValue: errno).name
  }

  // MARK: The observation

  private static let ofObservation: [Metric] = [
    Metric("uringtop_rings", .gauge, "Open rings that uringtop observes.") { moment in
      [Sample([], .integer(UInt64(moment.snapshot.rings.count { !$0.isClosed })))]
    },
    Metric(
      "uringtop_roles", .gauge,
      "Distinct combinations of comm, cgroup and opcode, including the role with opcode=\"folded\"."
    ) { [Sample([], .integer(UInt64($0.roles.count)))] },
    Metric(
      "uringtop_roles_folded", .counter,
      "Pairs of a ring and an opcode that are counted under opcode=\"folded\", because there are as many roles as --roles allows."
    ) { [Sample([], .integer($0.snapshot.roles?.folded ?? 0))] },
    Metric("uringtop_records", .counter, "Records taken from the BPF programs.") {
      [Sample([], .integer($0.snapshot.recordCount))]
    },
    Metric(
      "uringtop_records_lost", .counter, labels: ["cause"],
      "Records lost: the buffer was full, or the kernel did not run a program. Counts and durations include events whose records did not fit into the buffer."
    ) { moment in
      [
        Sample(["ring_buffer_full"], .integer(moment.snapshot.lost.ringBufferFull)),
        Sample(["not_run"], .integer(moment.snapshot.lost.notRun)),
      ]
    },
    Metric(
      "uringtop_events_uncounted", .counter,
      "Events that found no counter in the kernel: all counts are too low by up to this number."
    ) { [Sample([], .integer($0.snapshot.lost.uncounted))] },
    Metric(
      "uringtop_snapshot_timestamp_seconds", .gauge,
      "When the values were taken; seconds since 1970."
    ) { moment in
      [Sample([], .decimal(moment.seconds(of: moment.snapshot.time)))]
    },
  ]

  // MARK: Findings

  private static let ofFindings: [Metric] = [
    Metric(
      "uringtop_findings", .gauge, labels: ["tag", "severity"],
      "Findings now, by the rules of docs/findings.md; those about rates cover the last minute."
    ) { moment in
      var counts: [[String]: UInt64] = [:]
      for finding in moment.findings {
        counts[[finding.tag, "\(finding.severity.name)"], default: 0] += 1
      }
      return FindingRule.all.map(\.tag).flatMap { tag in
        Finding.Severity.allCases.map { severity in
          let labels = [tag, "\(severity.name)"]
          return Sample(labels, .integer(counts[labels] ?? 0))
        }
      }
    }
  ]

  // MARK: The cost

  private static let ofCost: [Metric] = [
    Metric(
      "uringtop_http_requests", .counter, labels: ["code"],
      "HTTP requests answered, by status; the one that is being answered is not included."
    ) { moment in
      moment.responses.sorted { $0.key < $1.key }
        .map { Sample(["\($0.key)"], .integer($0.value)) }
    },
    Metric("process_cpu_seconds", .counter, "CPU time of uringtop, user and system.") {
      [Sample([], .decimal($0.cost.processorTime))]
    },
    Metric("process_resident_memory_bytes", .gauge, "Resident memory of uringtop.") {
      [Sample([], .integer($0.cost.residentBytes))]
    },
    Metric("process_open_fds", .gauge, "Open descriptors of uringtop.") {
      [Sample([], .integer($0.cost.descriptors))]
    },
    Metric(
      "process_start_time_seconds", .gauge, "When the observation began; seconds since 1970."
    ) { moment in [Sample([], .decimal(moment.seconds(of: moment.snapshot.host.startTime)))] },
    Metric(
      "uringtop_build_info", .gauge, labels: ["version", "kernel", "tier"],
      "Always 1; the labels are uringtop's version, the kernel, and how it is observed."
    ) { moment in
      let host = moment.snapshot.host
      return [Sample([moment.toolVersion, host.kernel, host.tier], .integer(1))]
    },
  ]
}

extension MetricsMoment {
  fileprivate var roles: [Role] { snapshot.roles?.all ?? [] }

  /// Converts a CLOCK_MONOTONIC time of the observation to seconds since 1970.
  func seconds(of time: UInt64) -> Double {
    let host = snapshot.host
    let start = Double(host.startRealtime)
    return
      (time >= host.startTime
      ? start + Double(time - host.startTime) : start - Double(host.startTime - time)) / 1e9
  }
}

extension Role {
  fileprivate var labels: [String] {
    let name =
      switch key.opcode {
      case .opcode(let opcode): opcode.name
      case .none: "none"
      case .folded: "folded"
      }
    return [key.comm, key.cgroup, name]
  }
}
