import UringRecordings
import UringTrace

extension FieldSet<RequestGroup> {
  /// The fields of groups: a leader provides a buffer, members borrow it, the acknowledgement returns it.
  public static let groups = FieldSet("groups", fields, parts: parts)

  private static var fields: [Field<RequestGroup>] {
    [
      Field("id", title: "GROUP", .number, meaning: "Id of the group.") { group, _ in
        .number(group.id)
      },
      Field(
        "ring", .number,
        meaning:
          "Id of the ring whose table holds the buffer and whose requests are members."
      ) { group, _ in .integer(group.ring) },
      Field(
        "provider", .text, choices: GroupProvider.all.map { "\($0.name)" },
        meaning: "What provides the buffer; `registered` is the application's own memory."
      ) { group, _ in .name(group.provider.name) },
      Field(
        "state", .text, choices: RequestGroup.State.allCases.map { "\(JSONNames.state($0))" },
        meaning:
          "`assembling`: the leader is in flight. `provided`: no request uses the buffer. `members-done`: all members are done, and the owner does not have the buffer back. `ended`: there was no buffer to give back. `leaked`: the ring was closed, and nothing gave the buffer back."
      ) { group, _ in .name(JSONNames.state(group.state)) },
      Field(
        "age", .duration, .tableOnly,
        meaning:
          "Time for which the buffer has been away from its owner; absent if the end is not known."
      ) { group, snapshot in
        guard !group.state.isFinal || group.endTime != 0 else { return .none }
        let birth = group.providedTime != 0 ? group.providedTime : group.startTime
        return .number((group.endTime != 0 ? group.endTime : snapshot.time).since(birth))
      },
      Field(
        "conditions", .words, choices: GroupCondition.allCases.map { "\($0.name)" },
        meaning: "Faults of the group; listed below."
      ) { group, _ in .words(group.conditions.map { "\($0.name)" }) },
      Field("member_count", title: "MEMBERS", .number, total: .sum, meaning: "Members so far.") {
        group, _ in
        .number(group.memberCount)
      },
      Field("done_count", .number, total: .sum, meaning: "Of these, members that are done.") {
        group, _ in
        .number(group.doneCount)
      },
      Field("failed_count", .number, total: .sum, meaning: "Of these, members that failed.") {
        group, _ in
        .number(group.failedCount)
      },
      Field("dropped_members", .number, meaning: "Members that `members` does not list.") {
        group, _ in .number(group.droppedMembers)
      },
      Field("holder", .number, .nullable, meaning: "The request that is the oldest running member.")
      {
        group, _ in .integer(group.holder?.request)
      },
      Field(
        "moved_bytes", title: "MOVED_BYTES", .bytes,
        meaning: "Bytes that all members moved; of a zero-copy send, its own."
      ) { group, _ in .number(group.movedBytes) },
      Field("start", .time, meaning: "Time of the group's first appearance.") { group, _ in
        .number(group.startTime)
      },
      Field("provided", .time, .nullable, meaning: "Time at which the buffer became available.") {
        group, _ in
        .unlessZero(group.providedTime)
      },
      Field(
        "withdrawn", .time, .nullable,
        meaning:
          "Time at which the owner withdrew the buffer: unregistered, replaced or committed it."
      ) { group, _ in .unlessZero(group.withdrawnTime) },
      Field(
        "members_done", .time, .nullable, meaning: "Time at which the last member so far was done."
      ) {
        group, _ in .unlessZero(group.membersDoneTime)
      },
    ]
  }

  private static var parts: [Part<RequestGroup>] {
    [
      .object(
        "leader", FieldSet<RequestGroup>.leaders, .always,
        meaning:
          "The request or call that made the buffer available; all null for buffers older than the observation."
      ) { group, _ in group },
      .object(
        "buffer", FieldSet<GroupBuffer>.groupBuffers, .always, meaning: "The buffer."
      ) { group, _ in group.buffer },
      .object(
        "ack", FieldSet<RequestGroup.Acknowledgement>.acknowledgements,
        meaning: "Return of the buffer to its owner; null before."
      ) { group, _ in group.acknowledgement },
      .list(
        "members", FieldSet<RequestGroup.Member>.members,
        meaning: "In order of submission: all that are running, and the last 64 that are done."
      ) { group, _ in group.members },
    ]
  }
}

extension FieldSet<RequestGroup> {
  fileprivate static let leaders = FieldSet(
    "leaders",
    [
      Field("request", .number, .nullable, meaning: "The request.") { group, _ in
        .unlessZero(group.leader.request)
      },
      Field("ring", .number, .nullable, meaning: "Its ring.") { group, _ in
        .unlessZero(group.leader.ring)
      },
      Field("opcode", .text, .nullable, meaning: "Its opcode.") { group, _ in
        group.leader.request == 0 ? .none : .text(group.leader.opcode.name)
      },
      Field("user_data", .address, .nullable, meaning: "Its user_data.") { group, _ in
        group.leader.request == 0 ? .none : .number(group.leader.userData)
      },
      Field(
        "register_name", .text, .nullable,
        meaning: "The opcode of an `io_uring_register`, if that was the leader."
      ) { group, _ in .unlessEmpty(group.leader.registerOpcode?.name) },
      Field("command", .number, .nullable, meaning: "The driver's command.") { group, _ in
        .unlessZero(group.leader.command)
      },
      Field("command_name", .text, .nullable, meaning: "Its name.") { group, _ in
        .unlessEmpty(group.provider.commandName(group.leader.command).map { "\($0)" })
      },
      Field("tid", .number, .nullable, meaning: "The thread that submitted it, or called.") {
        group, _ in .unlessZero(group.leader.tid)
      },
      Field("pid", .number, .nullable, meaning: "Its process.") { group, _ in
        .unlessZero(group.leader.tgid)
      },
      Field("start", .time, .nullable, meaning: "Start time.") { group, _ in
        .unlessZero(group.leader.startTime)
      },
      Field("end", .time, .nullable, meaning: "When it ended.") { group, _ in
        .unlessZero(group.leader.endTime)
      },
      Field("result", .result, .nullable, meaning: "Its result.") { group, _ in
        group.leader.hasResult ? .integer(group.leader.result) : .none
      },
      .errno { $0.leader.hasResult ? $0.leader.result : nil },
    ])
}

extension FieldSet<GroupBuffer> {
  fileprivate static let groupBuffers = FieldSet(
    "group buffers",
    [
      Field("index", .number, .nullable, meaning: "Its slot in the table of registered buffers.") {
        buffer, _ in .integer(buffer.index)
      },
      Field("bgid", .number, .nullable, meaning: "Its group of provided buffers.") { buffer, _ in
        .integer(buffer.bgid)
      },
      .address,
      Field("length", .bytes, .nullable, meaning: "Its length.") { buffer, _ in
        .unlessZero(buffer.length)
      },
      Field("offset", .bytes, meaning: "Offset in its first segment.") { buffer, _ in
        .number(buffer.offset)
      },
      .segments, .direction, .kernel, .tag, .release,
    ],
    parts: [
      .object("ublk", FieldSet<GroupBuffer.UblkIO>.ublkIOs, meaning: "The I/O of a ublk device.") {
        buffer, _ in buffer.ublk
      },
      .object("fuse", FieldSet<GroupBuffer.FuseRequest>.fuseRequests, meaning: "The FUSE request.")
      {
        buffer, _ in buffer.fuse
      },
    ])
}

extension FieldSet<GroupBuffer.UblkIO> {
  fileprivate static let ublkIOs = FieldSet(
    "ublk I/Os",
    [
      Field("device", .text, .nullable, meaning: "The device's name.") { io, _ in
        .unlessEmpty(io.device)
      },
      Field("queue", .number, meaning: "The queue.") { io, _ in .integer(io.queue) },
      Field("tag", .number, meaning: "The tag.") { io, _ in .integer(io.tag) },
      Field("op", .text, .nullable, meaning: "The operation: `read`, `write` and others.") {
        io, _ in io.operation == 0xff ? .none : .text(io.operationName)
      },
      Field("sector", .number, .nullable, meaning: "The first sector, of 512 bytes.") { io, _ in
        io.operation == 0xff ? .none : .integer(io.sector)
      },
      Field("length", .bytes, .nullable, meaning: "The length.") { io, _ in
        io.operation == 0xff ? .none : .integer(io.length)
      },
    ])
}

extension FieldSet<GroupBuffer.FuseRequest> {
  fileprivate static let fuseRequests = FieldSet(
    "FUSE requests",
    [
      Field("queue", .number, meaning: "The queue.") { request, _ in .integer(request.queue) },
      Field("unique", .address, meaning: "The request's number.") { request, _ in
        .number(request.unique)
      },
      Field("node", .address, meaning: "The inode.") { request, _ in .number(request.node) },
      Field("op", .text, meaning: "The operation.") { request, _ in .text(request.operationName) },
      Field("offset", .bytes, .nullable, meaning: "The offset in the file.") { request, _ in
        .integer(request.offset)
      },
      Field("length", .bytes, .nullable, meaning: "The length.") { request, _ in
        .integer(request.length)
      },
    ])
}

extension FieldSet<RequestGroup.Acknowledgement> {
  fileprivate static let acknowledgements = FieldSet(
    "acknowledgements",
    [
      Field("callback", .text, meaning: "The kernel function that gave the buffer back.") {
        acknowledgement, _ in .text(acknowledgement.callback)
      },
      Field("time", .time, meaning: "When.") { acknowledgement, _ in .number(acknowledgement.time)
      },
      Field("tid", .number, .nullable, meaning: "The thread that was running.") {
        acknowledgement, _ in .unlessZero(acknowledgement.tid)
      },
      Field(
        "derived", .flag,
        meaning:
          "True if the return was concluded from tracepoints and the ring's table; false if the function was seen."
      ) { acknowledgement, _ in .flag(acknowledgement.isDerived) },
    ])
}

extension FieldSet<RequestGroup.Member> {
  fileprivate static let members = FieldSet(
    "members",
    [
      Field("request", .number, meaning: "The request.") { member, _ in .number(member.request) },
      Field("opcode", .text, meaning: "Its opcode.") { member, _ in .text(member.opcode.name) },
      Field("user_data", .address, meaning: "Its user_data.") { member, _ in
        .number(member.userData)
      },
      Field("tid", .number, .nullable, meaning: "The thread that submitted it.") { member, _ in
        .unlessZero(member.tid)
      },
      Field("start", .time, meaning: "Start time.") { member, _ in .number(member.startTime) },
      Field(
        "end", .time, .nullable,
        meaning:
          "Time at which it was done (for a zero-copy send, the notification); null while it is running."
      ) { member, _ in member.isDone ? .number(member.endTime) : .none },
      Field("result", .result, .nullable, meaning: "Its result.") { member, _ in
        member.hasResult ? .integer(member.result) : .none
      },
      .errno { $0.hasResult ? $0.result : nil },
      Field("offset", .bytes, meaning: "Offset in the buffer.") { member, _ in
        .number(member.offset)
      },
      Field(
        "asked_bytes", .bytes, .nullable,
        meaning: "Bytes requested; null if the SQE does not contain the number."
      ) { member, _ in .unlessZero(member.askedBytes) },
      Field("moved_bytes", .bytes, meaning: "Bytes moved.") { member, _ in
        .number(member.movedBytes)
      },
      Field("bid", .number, .nullable, meaning: "The provided buffer that it selected.") {
        member, _ in .integer(member.bufferID)
      },
      Field("cancelled", .flag, meaning: "True if it was cancelled.") { member, _ in
        .flag(member.isCancelled)
      },
      Field(
        "confirmed", .flag,
        meaning:
          "True if the kernel's own pointers, and not only the SQE, showed that it used this buffer."
      ) { member, _ in .flag(member.isConfirmed) },
    ])
}
