import UringRecordings
import UringTrace

/// The rows of groups. A group gets its row when its first request or the group itself leaves the
/// aggregator's history, whichever comes first. It keeps the row until its end has been written.
struct GroupRows {
  struct Row {
    var ring: Ring.ID
    var lane: Int
    var track: PacketWriter.Track
    var start: UInt64
  }

  /// Rows of groups whose end has not been written.
  var open: [RequestGroup.ID: Row] = [:]
  /// Rows of groups whose end was written recently, because their requests can be written later.
  private var past: [RequestGroup.ID: Row] = [:]
  private var order: [RequestGroup.ID] = []
  private var next = 0
  private static let mostPast = 4_096

  func known(_ group: RequestGroup.ID) -> Row? { open[group] ?? past[group] }

  mutating func close(_ group: RequestGroup.ID) {
    guard let row = open.removeValue(forKey: group) else { return }
    past[group] = row
    if order.count < Self.mostPast {
      order.append(group)
    } else {
      past[order[next]] = nil
      order[next] = group
      next = (next + 1) % Self.mostPast
    }
  }
}

/// Groups: each is a slice from its beginning to the return of the buffer. For each request of the
/// group the slice has an instant, with an arrow to or from the request.
extension PerfettoEncoder {
  /// A request's role in its group, and the group's row.
  struct Membership {
    var row: GroupRows.Row
    var role: GroupRole
  }

  func row(of membership: Departures.Membership?) -> Membership? {
    guard let membership else { return nil }
    let row = row(
      of: membership.group, ring: membership.ring, start: membership.startTime)
    return Membership(row: row, role: membership.role)
  }

  private func row(of group: RequestGroup.ID, ring: Ring.ID, start: UInt64) -> GroupRows.Row {
    if let known = groups.known(group) { return known }
    let index = tracks.ring(ring, &packets)
    let (lane, track) = tracks[index].groups.claim(from: start, &packets)
    let row = GroupRows.Row(ring: ring, lane: lane, track: track, start: start)
    groups.open[group] = row
    return row
  }

  /// Writes the instant at which the group lends its buffer to a request. The arrow points to the
  /// request.
  func writeLoan(to request: Request, on member: Membership, flow: PacketWriter.Flow) {
    packets.instant(
      "lends", on: member.row.track, at: max(request.startTime, member.row.start), .group,
      flows: [flow]
    ) {
      $0.add(.request, request.id)
      $0.add(.opcode, request.opcode.name)
    }
  }

  /// Writes the instant at which a request of the group ends. The arrow comes from the request.
  func writeEnd(
    of request: Request, at end: UInt64, on member: Membership, flow: PacketWriter.Flow
  ) {
    let name =
      switch member.role {
      case .leader: "leader ended"
      case .member: "member ended"
      case .withdrawer: "withdrawal ended"
      }
    packets.instant(
      name, on: member.row.track, at: max(end, member.row.start), .group, ending: [flow]
    ) {
      $0.add(.request, request.id)
      $0.add(.opcode, request.opcode.name)
    }
  }

  /// Writes a group when it leaves the aggregator's history, or at the end of the recording.
  func write(_ group: RequestGroup) {
    let row = row(of: group.id, ring: group.ring, start: group.startTime)
    let start = row.start
    let end = group.state.isFinal ? max(group.endTime, group.providedTime, start) : nil
    packets.beginSlice(
      "\(group.provider.title)", on: row.track, at: start, .group
    ) { self.describe(group, &$0) }
    writePhases(of: group, from: start, until: end, on: row.track)
    if let end {
      packets.endSlice(on: row.track, at: end)
      let index = tracks.ring(row.ring, &packets)
      tracks[index].groups.release(row.lane, at: end)
    }
    groups.close(group.id)
    writeAcknowledgement(of: group, on: row)
  }

  private func describe(_ group: RequestGroup, _ details: inout PacketWriter.Details) {
    details.add(.group, group.id)
    details.add(.provider, "\(group.provider.name)")
    details.add(.state, "\(JSONNames.state(group.state))")
    if group.leader.request != 0 { details.add(.leader, group.leader.request) }
    if let index = group.buffer.index { details.add(.buffer, index) }
    if group.buffer.length != 0 { details.add(.bytes, group.buffer.length) }
    details.add(.members, group.memberCount)
    details.add(.done, group.doneCount)
    if group.failedCount != 0 { details.add(.failed, group.failedCount) }
    details.add(.movedBytes, group.movedBytes)
    let conditions = group.conditions.map { "\($0.name)" }
    if !conditions.isEmpty { details.add(.conditions, conditions.joined(separator: " ")) }
  }

  /// Writes a slice for each phase of the group's buffer, from the group's beginning to its end.
  private func writePhases(
    of group: RequestGroup, from start: UInt64, until end: UInt64?, on track: PacketWriter.Track
  ) {
    var phases: [(name: String, time: UInt64)] = []
    func add(_ name: String, _ time: UInt64) {
      guard time != 0, time >= phases.last?.time ?? start, time <= end ?? .max else { return }
      phases.append((name, time))
    }
    if group.providedTime > start { add("assembling", start) }
    add("provided", group.providedTime)
    if group.borrowerCount == 0, group.memberCount > 0 {
      add("members done", group.membersDoneTime)
    }
    for (index, phase) in phases.enumerated() {
      packets.beginSlice(phase.name, on: track, at: phase.time, .step)
      let next = index + 1 < phases.count ? phases[index + 1].time : end
      if let next { packets.endSlice(on: track, at: next) }
    }
  }

  private func writeAcknowledgement(of group: RequestGroup, on row: GroupRows.Row) {
    guard let acknowledgement = group.acknowledgement else { return }
    var flows: [PacketWriter.Flow] = []
    let done = group.membersDoneTime
    if group.memberCount > 0, done != 0, done <= acknowledgement.time {
      flows = [packets.newFlow()]
      packets.instant("all members ended", on: row.track, at: done, .group, flows: flows)
    }
    let name = acknowledgement.callback.isEmpty ? "given back" : acknowledgement.callback
    packets.instant(name, on: row.track, at: acknowledgement.time, .group, ending: flows) {
      $0.add(.group, group.id)
      $0.add(.derived, acknowledgement.isDerived)
      if acknowledgement.tid != 0 { $0.add(.task, self.taskText(acknowledgement.tid)) }
    }
  }
}
