import UringBase
import UringTrace

/// A snapshot as tables for people.
struct SnapshotTable {
  /// Maximum number of requests listed; the JSON document has all of them.
  private static let requestLimit = 200
  /// Maximum number of groups listed, live groups first.
  private static let groupLimit = 40

  private let snapshot: Snapshot
  /// The expression that the requests match; nil if all are there.
  private let expression: String?

  init(_ snapshot: Snapshot, matching expression: String? = nil) {
    self.snapshot = snapshot
    self.expression = expression
  }

  var text: PlainText {
    var text = PlainText()
    text.line(
      "kernel \(snapshot.host.kernel), \(snapshot.host.tier), \(snapshot.recordCount) records, "
        + "\(snapshot.lost.total) lost"
        + (snapshot.lost.uncounted > 0
          ? ", \(Figures.count(snapshot.lost.uncounted, "event")) not counted" : ""))
    text.line(totals)
    text.line()
    if snapshot.rings.isEmpty { text.line("no rings") } else { rings(&text) }
    text.line()
    if snapshot.requests.isEmpty { text.line(noRequests) } else { requests(&text) }
    for (isEmpty, table) in [
      (snapshot.groups.isEmpty, groups), (snapshot.latency.isEmpty, latency),
    ] where !isEmpty {
      text.line()
      table(&text)
    }
    return text
  }

  private var noRequests: String {
    if let expression { return "no request in flight matches '\(expression)'" }
    return snapshot.notListed > 0 ? "no request is listed" : "no requests in flight"
  }

  /// The number of requests, and their outcomes.
  private var totals: String {
    let totals = snapshot.totals
    func parts(_ parts: [(UInt64, String)]) -> String {
      parts.enumerated().filter { $0.offset == 0 || $0.element.0 > 0 }
        .map { "\($0.element.0) \($0.element.1)" }.joined(separator: ", ")
    }
    let begun = parts([
      (totals.submitted, "requests submitted"), (totals.found, "found in flight at the start"),
    ])
    let now = parts([
      (totals.completed, "completed"), (totals.overflowed, "overflowed"),
      (totals.skipped, "skipped their CQE"), (totals.endedUnseen, "ended unseen"),
      (totals.inFlight, "in flight"), (snapshot.notListed, "more in flight and not listed"),
    ])
    return "\(begun): \(now)"
  }

  private func rings(_ text: inout PlainText) {
    var rows = [
      [
        "RING", "PID", "COMMAND", "FD", "SQ", "CQ", "IN FLIGHT", "SUBMITTED", "COMPLETED",
        "ERRORS", "OVERFLOWS", "P50", "P99",
      ]
    ]
    for ring in snapshot.rings {
      let fds = ring.descriptorNumbers.map(String.init)
      rows.append([
        "\(ring.id)", ring.ownerTgid == 0 ? "-" : "\(ring.ownerTgid)",
        ring.comm + (ring.isClosed ? " (closed)" : ""),
        fds.isEmpty ? "-" : fds.joined(separator: ","), "\(ring.sqEntries)", "\(ring.cqEntries)",
        "\(ring.inFlight)" + (ring.notListed == 0 ? "" : " (+\(ring.notListed) not listed)"),
        "\(ring.counts.submitted)", "\(ring.counts.completed)",
        "\(ring.counts.errors)", "\(ring.counts.overflows)",
        ring.latency.count == 0 ? "-" : Text.duration(ring.latency.p50),
        ring.latency.count == 0 ? "-" : Text.duration(ring.latency.p99),
      ])
    }
    text.table(rows, rightAligned: [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  }

  private func requests(_ text: inout PlainText) {
    var rows = [["RING", "AGE", "STATE", "OPCODE", "FILE", "OFFSET", "LENGTH", "USER_DATA"]]
    for request in snapshot.requests.prefix(Self.requestLimit) {
      let age = snapshot.time.since(request.startTime)
      rows.append([
        "\(request.ring)", (request.isStartKnown ? "" : ">") + Text.duration(age),
        request.state.name, request.opcode.name, file(of: request),
        request.knows(.off) ? "\(Int64(bitPattern: request.sqe.off))" : "-",
        request.knows(.len) ? "\(request.sqe.len)" : "-",
        request.userDataText ?? "?",
      ])
    }
    text.table(rows, rightAligned: [0, 1, 5, 6])
    let more = snapshot.requests.count - Self.requestLimit
    if more > 0 { text.line("and \(more) more") }
  }

  /// Lists groups that have not ended or that have conditions, and counts the others.
  private func groups(_ text: inout PlainText) {
    let listed = snapshot.groups.filter { $0.endTime == 0 || !$0.conditions.isEmpty }
    let ended = snapshot.groups.count - listed.count
    if !listed.isEmpty { groups(listed, &text) }
    if ended > 0 {
      text.line(
        Figures.count(ended, listed.isEmpty ? "group" : "other group") + " ended as intended")
    }
  }

  private func groups(_ groups: [RequestGroup], _ text: inout PlainText) {
    var rows = [
      [
        "GROUP", "RING", "AGE", "PROVIDER", "BUFFER", "LENGTH", "MOVED", "DONE", "STATE",
        "CONDITIONS",
      ]
    ]
    for group in groups.prefix(Self.groupLimit) {
      let end = group.endTime == 0 ? snapshot.time : group.endTime
      let age = end.since(group.startTime)
      rows.append([
        "\(group.id)", "\(group.ring)", Text.duration(age), "\(group.provider.name)",
        buffer(of: group), group.buffer.length == 0 ? "-" : "\(group.buffer.length)",
        "\(group.movedBytes)", "\(group.doneCount)/\(group.memberCount)", state(of: group),
        group.conditions.isEmpty
          ? "-" : group.conditions.map { "\($0.name)" }.joined(separator: ","),
      ])
    }
    text.table(rows, rightAligned: [0, 1, 2, 5, 6, 7])
    let more = groups.count - Self.groupLimit
    if more > 0 { text.line("and \(more) more") }
  }

  private func buffer(of group: RequestGroup) -> String {
    if let io = group.buffer.ublk {
      let device = io.device.isEmpty ? "ublk" : io.device
      return "\(device) \(io.queue):\(io.tag) \(io.operationName)"
    }
    if let index = group.buffer.index {
      return "slot \(index)" + (group.buffer.fuse.map { " \($0.operationName)" } ?? "")
    }
    if let bgid = group.buffer.bgid { return "bgid \(bgid)" }
    return group.buffer.address == 0 ? "-" : "0x" + String(group.buffer.address, radix: 16)
  }

  private func state(of group: RequestGroup) -> String {
    guard let acknowledgement = group.acknowledgement else { return group.state.name }
    return group.state.name + (acknowledgement.isDerived ? " (derived)" : "")
  }

  private func latency(_ text: inout PlainText) {
    var rows = [["RING", "OPCODE", "COUNT", "P50", "P90", "P99", "P99.9", "MAX"]]
    for latency in snapshot.latency {
      let summary = latency.summary
      rows.append([
        "\(latency.ring)", latency.opcode.name, "\(summary.count)", Text.duration(summary.p50),
        Text.duration(summary.p90), Text.duration(summary.p99), Text.duration(summary.p999),
        Text.duration(summary.max),
      ])
    }
    text.table(rows, rightAligned: [0, 2, 3, 4, 5, 6, 7])
  }

  private func file(of request: Request) -> String {
    if let name = snapshot.fileNames.name(of: request) { return name }
    return switch request.file {
    case .descriptor(let fd)?: "fd \(fd)"
    case .fixed(let index)?: "fixed \(index)"
    case nil: "-"
    }
  }
}
