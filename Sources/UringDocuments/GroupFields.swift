import UringRecordings
import UringTrace

/// The members of a snapshot about groups and buffers.
enum GroupFields {
  static func write(_ group: RequestGroup, to json: inout JSONWriter) {
    json.field("id", group.id)
    json.field("provider", literal: group.provider.name)
    json.field("ring", group.ring)
    json.field("state", literal: JSONNames.state(group.state))
    json.field("leader") { write(group.leader, of: group.provider, to: &$0) }
    json.field("buffer") { write(group.buffer, to: &$0) }
    json.field("members", array: group.members) { json, member in
      json.object { write(member, to: &$0) }
    }
    json.field("member_count", group.memberCount)
    json.field("done_count", group.doneCount)
    json.field("failed_count", group.failedCount)
    json.field("dropped_members", group.droppedMembers)
    json.field("holder", group.holder?.request)
    json.field("moved_bytes", group.movedBytes)
    json.field("start_ns", group.startTime)
    json.field("provided_ns", group.providedTime == 0 ? nil : group.providedTime)
    json.field("withdrawn_ns", group.withdrawnTime == 0 ? nil : group.withdrawnTime)
    json.field("members_done_ns", group.membersDoneTime == 0 ? nil : group.membersDoneTime)
    json.key("ack")
    if let acknowledgement = group.acknowledgement {
      json.object { json in
        json.field("callback", acknowledgement.callback)
        json.field("time_ns", acknowledgement.time)
        json.field("tid", acknowledgement.tid == 0 ? nil : acknowledgement.tid)
        json.field("derived", acknowledgement.isDerived)
      }
    } else {
      json.null()
    }
    json.key("conditions")
    json.array(group.conditions) { $0.value($1.name) }
  }

  private static func write(
    _ leader: RequestGroup.Leader, of provider: GroupProvider, to json: inout JSONWriter
  ) {
    json.field("request", leader.request == 0 ? nil : leader.request)
    json.field("ring", leader.ring == 0 ? nil : leader.ring)
    json.field("opcode", leader.request == 0 ? nil : leader.opcode.name)
    json.key("user_data")
    if leader.request == 0 { json.null() } else { json.hex(leader.userData) }
    json.field("register_name", leader.registerOpcode?.name)
    json.field("command", leader.command == 0 ? nil : leader.command)
    json.field("command_name", provider.commandName(leader.command).map { "\($0)" })
    json.field("tid", leader.tid == 0 ? nil : leader.tid)
    json.field("pid", leader.tgid == 0 ? nil : leader.tgid)
    json.field("start_ns", leader.startTime == 0 ? nil : leader.startTime)
    json.field("end_ns", leader.endTime == 0 ? nil : leader.endTime)
    json.field("result", leader.hasResult ? leader.result : nil)
    json.field("errno", leader.hasResult ? JSONNames.errno(leader.result) : nil)
  }

  private static func write(_ buffer: GroupBuffer, to json: inout JSONWriter) {
    json.field("index", buffer.index)
    json.field("bgid", buffer.bgid)
    address(buffer.address, to: &json)
    json.field("length", buffer.length == 0 ? nil : buffer.length)
    json.field("offset", buffer.offset)
    json.field("segments", buffer.segments == 0 ? nil : buffer.segments)
    json.field("direction", JSONNames.direction(buffer.direction))
    json.field("kernel", buffer.isKernel)
    json.key("tag")
    if buffer.tag == 0 { json.null() } else { json.hex(buffer.tag) }
    json.field("release", buffer.release.isEmpty ? nil : buffer.release)
    json.key("ublk")
    if let io = buffer.ublk {
      json.object { json in
        json.field("device", io.device.isEmpty ? nil : io.device)
        json.field("queue", io.queue)
        json.field("tag", io.tag)
        let isKnown = io.operation != 0xff
        json.field("op", isKnown ? io.operationName : nil)
        json.field("sector", isKnown ? io.sector : nil)
        json.field("length", isKnown ? io.length : nil)
      }
    } else {
      json.null()
    }
    json.key("fuse")
    if let request = buffer.fuse {
      json.object { json in
        json.field("queue", request.queue)
        json.field("unique", hex: request.unique)
        json.field("node", hex: request.node)
        json.field("op", request.operationName)
        json.field("offset", request.offset)
        json.field("length", request.length)
      }
    } else {
      json.null()
    }
  }

  private static func write(_ member: RequestGroup.Member, to json: inout JSONWriter) {
    json.field("request", member.request)
    json.field("opcode", member.opcode.name)
    json.field("user_data", hex: member.userData)
    json.field("tid", member.tid == 0 ? nil : member.tid)
    json.field("start_ns", member.startTime)
    json.field("end_ns", member.isDone ? member.endTime : nil)
    json.field("result", member.hasResult ? member.result : nil)
    json.field("errno", member.hasResult ? JSONNames.errno(member.result) : nil)
    json.field("offset", member.offset)
    json.field("asked_bytes", member.askedBytes == 0 ? nil : member.askedBytes)
    json.field("moved_bytes", member.movedBytes)
    json.field("bid", member.bufferID)
    json.field("cancelled", member.isCancelled)
    json.field("confirmed", member.isConfirmed)
  }

  static func write(_ buffer: Buffer, to json: inout JSONWriter) {
    json.field("ring", buffer.ring)
    json.field("kind", literal: JSONNames.kind(buffer.kind))
    json.field("index", buffer.kind == .registered ? buffer.index : nil)
    json.field("bgid", buffer.kind == .registered ? nil : buffer.index)
    json.field("provider", literal: buffer.provider.name)
    address(buffer.address, to: &json)
    json.field("length", buffer.length == 0 ? nil : buffer.length)
    json.field("segments", buffer.segments == 0 ? nil : buffer.segments)
    json.field("direction", JSONNames.direction(buffer.direction))
    json.field("kernel", buffer.isKernel)
    json.key("tag")
    if buffer.tag == 0 { json.null() } else { json.hex(buffer.tag) }
    json.field("release", buffer.release.isEmpty ? nil : buffer.release)
    json.field("group", buffer.group == 0 ? nil : buffer.group)
    json.field("borrowers", array: buffer.borrowers) { $0.value($1) }
    json.field("references", buffer.references)
    json.field("sharers", buffer.sharers == 0 ? nil : buffer.sharers)
    json.field("registered_ns", buffer.registeredTime == 0 ? nil : buffer.registeredTime)
    json.field("last_use_ns", buffer.lastUseTime == 0 ? nil : buffer.lastUseTime)
    json.field("uses", buffer.useCount)
    json.field("withdrawn", buffer.isWithdrawn)
    json.field("buffers_left", buffer.buffersLeft)
    json.field("buffer_count", buffer.kind == .registered ? nil : buffer.bufferCount)
    json.field("exhausted", buffer.kind == .registered ? nil : buffer.exhaustedCount)
  }

  /// Null for a kernel buffer, and if unknown.
  private static func address(_ address: UInt64, to json: inout JSONWriter) {
    json.key("address")
    if address == 0 { json.null() } else { json.hex(address) }
  }
}
