import UringTrace

/// The lines of the tree on a group's page: leader, members and acknowledgement, on one time axis.
struct GroupTree {
  var group: RequestGroup
  var now: UInt64
  let axis: TimeAxis

  init(group: RequestGroup, now: UInt64) {
    self.group = group
    self.now = max(now, group.startTime)
    axis = Self.axis(of: group, now: self.now)
  }

  /// The axis from the first to the last relevant time. To leave room for the members, the axis is
  /// cut off if a leader waited long for its buffer, or if an application's own buffer existed
  /// long.
  private static func axis(of group: RequestGroup, now: UInt64) -> TimeAxis {
    let members = group.members
    var start = group.birth
    var end = group.endTime != 0 ? group.endTime : now
    if let first = members.map(\.startTime).min(), let last = members.map({ $0.endTime }).max() {
      if group.isLongLived || group.providedTime == 0 {
        start = group.isLongLived ? first : min(start, first)
      }
      let lastEnd = members.contains { !$0.isDone } ? now : max(last, first)
      if group.isLongLived, end > lastEnd + 3 * (lastEnd - first) { end = lastEnd }
      start = min(start, first)
      end = max(end, lastEnd)
    }
    let origin = group.isLongLived ? start : group.birth
    let span = max(end, start + 1) - start
    if group.leader.startTime != 0, group.leader.startTime < start {
      start -= min(start - group.leader.startTime, span / 8)
    }
    return TimeAxis(from: start, to: end, origin: origin)
  }

  private func row(_ id: UInt64, _ branch: String, _ name: Piece) -> GroupRow {
    GroupRow(id: id, branch: branch, name: name, axis: axis)
  }

  // Row ids of all lines but the members. A member's row id is the id of its request.
  private static let leaderID = UInt64.max
  private static let providedID = UInt64.max - 1
  private static let droppedID = UInt64.max - 2
  private static let loadID = UInt64.max - 3
  private static let withdrawnID = UInt64.max - 4
  private static let acknowledgementID = UInt64.max - 5

  static func id(ofMember request: Request.ID, in group: RequestGroup) -> UInt64 {
    group.leader.request == request && !group.members.contains { $0.request == request }
      ? leaderID : request
  }

  var rows: [GroupRow] {
    var rows = [leader]
    if let provided = moment(Self.providedID, "buffer provided", at: group.providedTime) {
      rows.append(provided)
    }
    if group.droppedMembers > 0 {
      rows.append(
        row(
          Self.droppedID, "├┄ ", Piece("\(Humanise.grouped(group.droppedMembers)) before", .faint)))
    }
    rows += group.members.map(member)
    if group.members.count > 1 { rows.append(load) }
    if let withdrawn = moment(
      Self.withdrawnID, "withdrawn by its owner", at: group.withdrawnTime)
    {
      rows.append(withdrawn)
    }
    rows.append(acknowledgement)
    return rows
  }

  private var leader: GroupRow {
    let leader = group.leader
    var row = row(Self.leaderID, "", Names.leader(group))
    row.request = leader.request
    row.tid = leader.tid
    if leader.hasResult {
      row.result = Names.result(leader.result, of: leader.opcode)
    }
    guard leader.startTime != 0 else { return row }
    let end = leader.endTime != 0 ? leader.endTime : now
    row.start = leader.startTime
    row.took = end.since(leader.startTime)
    row.shape = .span(from: leader.startTime, to: end, isOpen: leader.endTime == 0)
    row.style = leader.hasResult && leader.result < 0 ? .barHigh : .label
    return row
  }

  /// The row of an action by the buffer's owner, such as its withdrawal; nil if the action was not
  /// observed.
  private func moment(_ id: UInt64, _ name: String, at time: UInt64) -> GroupRow? {
    guard time != 0 else { return nil }
    var row = row(id, "├─ ", Piece(name, .label))
    row.start = time
    row.shape = .moment(time, "◆")
    row.style = .label
    return row
  }

  private func member(_ member: RequestGroup.Member) -> GroupRow {
    let end = member.isDone ? member.endTime : now
    let isFailed = member.hasResult && member.opcode.isError(member.result)
    var row = row(member.request, "├─ ", Piece(Names.opcode(member.opcode), .name))
    row.request = member.request
    row.start = member.startTime
    row.took = end.since(member.startTime)
    row.tid = member.tid
    if member.askedBytes > 0 {
      row.moved = Piece(
        "\(Humanise.exactBytes(member.movedBytes))/\(Humanise.exactBytes(member.askedBytes))",
        member.isShort ? .warning : .normal)
    } else if member.movedBytes > 0 {
      row.moved = Piece(Humanise.shortBytes(member.movedBytes))
    }
    if member.isCancelled {
      row.result = Piece("cancelled", .warning)
    } else if member.hasResult {
      row.result = Names.result(member.result, of: member.opcode)
    } else if !member.isDone {
      row.result = Piece("running", .strong)
    }
    if let buffer = member.bufferID { row.result.text += " id \(buffer)" }
    row.shape = .span(from: member.startTime, to: end, isOpen: !member.isDone)
    row.style = isFailed ? .barHigh : .bar
    return row
  }

  /// The row that shows how many members run at each time, and the share of time in which none
  /// runs.
  private var load: GroupRow {
    let spans = group.members.map { (from: $0.startTime, to: $0.isDone ? $0.endTime : now) }
    let first = max(axis.start, group.isLongLived ? axis.start : group.birth)
    let span = TimeAxis(from: first, to: axis.end)
    let idle = span.idle(spans)
    let percent = Int((Double(idle) * 100 / Double(span.length)).rounded())
    var row = row(Self.loadID, "│  ", Piece("idle \(percent) %", .faint))
    row.shape = .load(spans)
    return row
  }

  private var acknowledgement: GroupRow {
    guard let given = group.acknowledgement else {
      let name =
        switch group.state {
        case .leaked: Piece("never given back", .error)
        case .ended: Piece("nothing to give", .faint)
        default: Piece("not given back", .faint)
        }
      var row = row(Self.acknowledgementID, "└─ ", name)
      // Shows how long the owner has waited since all members were done.
      if group.state == .membersDone, group.membersDoneTime != 0, !group.isLongLived {
        row.start = group.membersDoneTime
        row.took = now.since(group.membersDoneTime)
      }
      return row
    }
    let name = given.callback.isEmpty ? "given back" : given.callback
    var row = row(
      Self.acknowledgementID, "└─ ",
      given.isDerived ? Piece("given back", .label) : Piece(name, .good))
    row.start = given.time
    row.result = given.isDerived ? Piece("derived", .warning) : Piece("observed", .good)
    row.tid = given.tid
    row.shape = .moment(given.time, given.isDerived ? Character(Names.derivedMark) : "●")
    row.style = given.isDerived ? .warning : .good
    if group.membersDoneTime != 0, given.time > group.membersDoneTime {
      row.took = given.time - group.membersDoneTime
    }
    return row
  }
}
