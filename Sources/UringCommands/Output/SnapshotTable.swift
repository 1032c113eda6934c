import UringBase
import UringDocuments
import UringFields
import UringTrace

/// A snapshot as human-readable tables.
struct SnapshotTable {
  /// Maximum number of requests listed; the JSON document has all of them.
  private static let requestLimit = 200
  /// Maximum number of groups listed, live groups first.
  private static let groupLimit = 40

  private let rows: SnapshotRows
  /// The expression that the requests match; nil if all requests are included.
  private let expression: String?
  /// False if the user's options leave out requests of the listed rings.
  private let hasEveryRequest: Bool

  init(_ rows: SnapshotRows, matching expression: String? = nil, hasEveryRequest: Bool = true) {
    self.rows = rows
    self.expression = expression
    self.hasEveryRequest = hasEveryRequest
  }

  private var time: UInt64 { rows.snapshot.number("time") ?? 0 }

  var text: PlainText {
    var text = PlainText()
    let snapshot = rows.snapshot
    let uncounted = snapshot.number("lost_by_cause.uncounted") ?? 0
    text.line(
      "kernel \(snapshot.text("kernel")), \(snapshot.text("tier")), \(count(snapshot, "records")) records "
        + "in \(Figures.duration(time.since(count(snapshot, "start")))), \(count(snapshot, "lost")) lost"
        + (uncounted > 0 ? ", \(Figures.count(uncounted, "event")) not counted" : ""))
    text.line(totals)
    text.line()
    if rows.rings.isEmpty { text.line("no rings") } else { rings(&text) }
    text.line()
    if rows.requests.isEmpty { text.line(noRequests) } else { requests(&text) }
    for (isEmpty, table) in [
      (rows.groups.isEmpty, groups), (rows.latency.isEmpty, latency),
    ] where !isEmpty {
      text.line()
      table(&text)
    }
    return text
  }

  private var noRequests: String {
    if let expression { return "no request in flight matches '\(expression)'" }
    return hasEveryRequest && count(rows.snapshot, "not_listed") > 0
      ? "no request is listed" : EmptyRequestList.inFlight.text(hasEveryRequest: hasEveryRequest)
  }

  private func count(_ row: EntityRow, _ key: String) -> UInt64 { row.number(key) ?? 0 }

  /// The number of a field, or `-` if it has none.
  private func number(_ row: EntityRow, _ key: String) -> String {
    row.number(key).map { "\($0)" } ?? "-"
  }

  private func duration(_ row: EntityRow, _ key: String) -> String {
    row.number(key).map { Figures.alignedDuration($0) } ?? "-"
  }

  /// The number of requests, and their outcomes.
  private var totals: String {
    func parts(_ parts: [(key: String, words: String)]) -> String {
      parts.enumerated().map {
        (position: $0, words: $1.words, count: count(rows.snapshot, $1.key))
      }
      .filter { $0.position == 0 || $0.count > 0 }
      .map { "\($0.count) \($0.words)" }.joined(separator: ", ")
    }
    let begun = parts([
      ("totals.submitted", "requests submitted"),
      ("totals.found", "older than uringtop"),
    ])
    let now = parts([
      ("totals.completed", "completed"), ("totals.overflowed", "overflowed"),
      ("totals.skipped", "skipped their CQE"), ("totals.ended_unseen", "ended unseen"),
      ("totals.in_flight", "in flight"), ("not_listed", "more in flight and not listed"),
    ])
    return "\(begun): \(now)"
  }

  private func rings(_ text: inout PlainText) {
    var lines = [
      [
        "RING", "PID", "COMMAND", "FD", "SQ", "CQ", "IN FLIGHT", "SUBMITTED", "COMPLETED",
        "ERRORS", "OVERFLOWS", "P50", "P99",
      ]
    ]
    for ring in rows.rings {
      let fds = if case .numbers(let fds) = ring["fds"] { fds.map(String.init) } else { [String]() }
      let unlisted = count(ring, "not_listed")
      lines.append([
        number(ring, "id"), number(ring, "pid"),
        ring.text("comm") + (ring.number("closed") == nil ? "" : " (closed)"),
        fds.isEmpty ? "-" : fds.joined(separator: ","), number(ring, "sq_entries"),
        number(ring, "cq_entries"),
        number(ring, "in_flight") + (unlisted == 0 ? "" : " (+\(unlisted) not listed)"),
        number(ring, "submitted"), number(ring, "completed"), number(ring, "errors"),
        number(ring, "overflows"), duration(ring, "p50"), duration(ring, "p99"),
      ])
    }
    text.table(lines, rightAligned: [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  }

  private func requests(_ text: inout PlainText) {
    var lines = [["RING", "AGE", "STATE", "OPCODE", "FILE", "OFFSET", "LENGTH", "USER_DATA"]]
    for request in rows.requests.prefix(Self.requestLimit) {
      lines.append([
        number(request, "ring"),
        duration(request, "age").ofBound(!request.isSet("start_known")),
        request.text("state"), request.text("opcode"), file(of: request),
        request["sqe.off"].plainNumber ?? "-", request["sqe.len"].plainNumber ?? "-",
        request.number("user_data").map { "0x" + String($0, radix: 16) } ?? "?",
      ])
    }
    text.table(lines, rightAligned: [0, 1, 5, 6])
    let more = rows.requests.count - Self.requestLimit
    if more > 0 { text.line("and \(more) more") }
  }

  /// Lists groups that have not ended or that have conditions, and counts the others.
  private func groups(_ text: inout PlainText) {
    let listed = rows.groups.filter { end(of: $0) == nil || !conditions(of: $0).isEmpty }
    let ended = rows.groups.count - listed.count
    if !listed.isEmpty { groups(listed, &text) }
    if ended > 0 {
      text.line(
        Figures.count(ended, listed.isEmpty ? "group" : "other group") + " ended as intended")
    }
  }

  private func end(of group: EntityRow) -> UInt64? {
    if let time = group.number("ack.time") { return time }
    let final = RequestGroup.State.allCases.filter(\.isFinal).map(\.name)
    return final.contains(group.text("state")) ? group.number("members_done") : nil
  }

  private func conditions(of group: EntityRow) -> [String] {
    if case .words(let words) = group["conditions"] { words } else { [] }
  }

  private func groups(_ groups: [EntityRow], _ text: inout PlainText) {
    var lines = [
      [
        "GROUP", "RING", "AGE", "PROVIDER", "BUFFER", "LENGTH", "MOVED", "DONE", "STATE",
        "CONDITIONS",
      ]
    ]
    for group in groups.prefix(Self.groupLimit) {
      let age = (end(of: group) ?? time).since(count(group, "start"))
      let conditions = conditions(of: group)
      lines.append([
        number(group, "id"), number(group, "ring"), Figures.alignedDuration(age),
        group.text("provider"),
        buffer(of: group), number(group, "buffer.length"), number(group, "moved_bytes"),
        "\(count(group, "done_count"))/\(count(group, "member_count"))",
        group.text("state") + (group.isSet("ack.derived") ? " (derived)" : ""),
        conditions.isEmpty ? "-" : conditions.joined(separator: ","),
      ])
    }
    text.table(lines, rightAligned: [0, 1, 2, 5, 6, 7])
    let more = groups.count - Self.groupLimit
    if more > 0 { text.line("and \(more) more") }
  }

  private func buffer(of group: EntityRow) -> String {
    if let queue = group.number("buffer.ublk.queue") {
      let device = group.text("buffer.ublk.device")
      return "\(device.isEmpty ? "ublk" : device) \(queue):\(count(group, "buffer.ublk.tag")) "
        + group.text("buffer.ublk.op")
    }
    if let index = group.number("buffer.index") {
      let operation = group.text("buffer.fuse.op")
      return "slot \(index)" + (operation.isEmpty ? "" : " \(operation)")
    }
    if let bgid = group.number("buffer.bgid") { return "bgid \(bgid)" }
    return group.number("buffer.address").map { "0x" + String($0, radix: 16) } ?? "-"
  }

  private func latency(_ text: inout PlainText) {
    var lines = [["RING", "OPCODE", "COUNT", "P50", "P90", "P99", "P99.9", "MAX"]]
    for latency in rows.latency {
      lines.append(
        [number(latency, "ring"), latency.text("opcode"), number(latency, "count")]
          + ["p50", "p90", "p99", "p999", "max"].map { duration(latency, $0) })
    }
    text.table(lines, rightAligned: [0, 2, 3, 4, 5, 6, 7])
  }

  private func file(of request: EntityRow) -> String {
    let name = request.text("file")
    if !name.isEmpty { return name }
    if let fd = request["fd"].plainNumber { return "fd \(fd)" }
    return request["fixed_file"].plainNumber.map { "fixed \($0)" } ?? "-"
  }
}

extension FieldValue {
  /// The value in decimal digits; nil for values that are not whole numbers.
  fileprivate var plainNumber: String? {
    switch self {
    case .number(let number): "\(number)"
    case .signed(let number): "\(number)"
    default: nil
    }
  }
}
