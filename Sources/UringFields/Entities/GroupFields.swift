import UringRecordings
import UringTrace

extension FieldSet<RequestGroup> {
  /// The fields of request groups: a leader provides a buffer, members borrow it, the
  /// acknowledgement returns it.
  public static let groups = FieldSet("groups", fields, parts: parts)

  private static var fields: [Field<RequestGroup>] {
    [
      Field(
        "id", title: "GROUP", .number,
        meaning: "Id that uringtop gives the group: a lent buffer, its leader and its members."
      ) { group, _ in
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
          "`assembling`: the leader is in flight. `provided`: no request uses the buffer. `borrowed`: requests use it. `members-done`: all members are done, but the owner does not have the buffer back. `given-back`: the owner has it back. `ended`: there was no buffer to give back. `leaked`: the ring was closed, and the buffer was never given back."
      ) { group, _ in .name(JSONNames.state(group.state)) },
      Field(
        "age", .duration, .tableOnly,
        meaning:
          "Time for which the buffer has been away from its owner; null if the end is not known."
      ) { group, snapshot in
        guard !group.state.isFinal || group.endTime != 0 else { return .none }
        let birth = group.providedTime != 0 ? group.providedTime : group.startTime
        return .number((group.endTime != 0 ? group.endTime : snapshot.time).since(birth))
      },
      Field(
        "conditions", .words, choices: GroupCondition.allCases.map { "\($0.name)" },
        meaning:
          "Faults in the use of the buffer, such as `given_back_late`, `short_member` or `out_of_range`; empty if there are none."
      ) { group, _ in .words(group.conditions.map { "\($0.name)" }) },
      Field(
        "member_count", title: "MEMBERS", .number, total: .sum,
        meaning: "Number of members so far: requests that use or have used the buffer."
      ) {
        group, _ in
        .number(group.memberCount)
      },
      Field("done_count", .number, total: .sum, meaning: "Members that no longer use the buffer.") {
        group, _ in
        .number(group.doneCount)
      },
      Field("failed_count", .number, total: .sum, meaning: "Members that failed.") {
        group, _ in
        .number(group.failedCount)
      },
      Field("dropped_members", .number, meaning: "Members that are done and no longer listed.") {
        group, _ in .number(group.droppedMembers)
      },
      Field(
        "holder", .number, .nullable,
        meaning: "Id of the oldest request that still uses the buffer."
      ) {
        group, _ in .integer(group.holder?.request)
      },
      Field(
        "moved_bytes", title: "MOVED_BYTES", .bytes,
        meaning: "Bytes that all members moved; for a zero-copy send, the bytes that it sent."
      ) { group, _ in .number(group.movedBytes) },
      Field("start", .time, meaning: "Time at which the group was first seen.") { group, _ in
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
        "members_done", .time, .nullable,
        meaning:
          "Time at which a member last finished with the buffer, even if others still use it; null if none has."
      ) {
        group, _ in .unlessZero(group.membersDoneTime)
      },
    ]
  }

  private static var parts: [Part<RequestGroup>] {
    [
      .object(
        "leader", FieldSet<RequestGroup>.leaders, .always,
        meaning: """
          The request or call that made the buffer available; all its members are null for buffers \
          older than the observation.
          """
      ) { group, _ in group },
      .object(
        "buffer", FieldSet<GroupBuffer>.groupBuffers, .always, meaning: "The lent buffer."
      ) { group, _ in group.buffer },
      .object(
        "ack", FieldSet<RequestGroup.Acknowledgement>.acknowledgements,
        meaning: "Return of the buffer to its owner; null until then."
      ) { group, _ in group.acknowledgement },
      .list(
        "members", FieldSet<RequestGroup.Member>.members,
        meaning:
          "Members in order of submission: all that are running, and the last 64 that are done."
      ) { group, _ in group.members },
    ]
  }
}

extension FieldSet<RequestGroup> {
  fileprivate static let leaders = FieldSet(
    "leaders",
    [
      Field(
        "request", .number, .nullable,
        meaning:
          "Id of the leader, the request that made the buffer available; null if a system call did, or if that was not seen."
      ) { group, _ in
        .unlessZero(group.leader.request)
      },
      Field(
        "ring", .number, .nullable,
        meaning: "Id of the ring of the leader, the request that made the buffer available."
      ) { group, _ in
        .unlessZero(group.leader.ring)
      },
      Field(
        "opcode", .text, .nullable,
        meaning: "Opcode of the leader, the request that made the buffer available."
      ) { group, _ in
        group.leader.request == 0 ? .none : .text(group.leader.opcode.name)
      },
      Field(
        "user_data", .address, .nullable,
        meaning: "user_data of the leader, the request that made the buffer available."
      ) { group, _ in
        group.leader.request == 0 ? .none : .number(group.leader.userData)
      },
      Field(
        "register_name", .text, .nullable,
        meaning:
          "Opcode of the `io_uring_register` call that made the buffer available; null if a request did."
      ) { group, _ in .unlessEmpty(group.leader.registerOpcode?.name) },
      Field(
        "command", .number, .nullable,
        meaning:
          "Number of the driver command with which the leader, a URING_CMD, made the buffer available."
      ) { group, _ in
        .unlessZero(group.leader.command)
      },
      Field(
        "command_name", .text, .nullable,
        meaning:
          "Name of the driver command with which the leader, a URING_CMD, made the buffer available."
      ) { group, _ in
        .unlessEmpty(group.provider.commandName(group.leader.command).map { "\($0)" })
      },
      Field(
        "tid", .number, .nullable,
        meaning: "Thread that submitted the leader, or called `io_uring_register`."
      ) {
        group, _ in .unlessZero(group.leader.tid)
      },
      Field(
        "pid", .number, .nullable,
        meaning: "Process that submitted the leader, or called `io_uring_register`."
      ) { group, _ in
        .unlessZero(group.leader.tgid)
      },
      Field(
        "start", .time, .nullable,
        meaning: "Time at which the leader was submitted, or `io_uring_register` was called."
      ) { group, _ in
        .unlessZero(group.leader.startTime)
      },
      Field(
        "end", .time, .nullable,
        meaning: "Time at which the leader, or the call of `io_uring_register`, ended."
      ) { group, _ in
        .unlessZero(group.leader.endTime)
      },
      Field(
        "result", .result, .nullable,
        meaning: "Result of the leader, the request or call that made the buffer available."
      ) { group, _ in
        group.leader.hasResult ? .integer(group.leader.result) : .none
      },
      .errno { $0.leader.hasResult ? $0.leader.result : nil },
    ])
}

extension FieldSet<GroupBuffer> {
  fileprivate static let groupBuffers = FieldSet(
    "group buffers",
    [
      Field(
        "index", .number, .nullable,
        meaning: "Slot of the buffer in the table of registered buffers; null for other buffers."
      ) {
        buffer, _ in .integer(buffer.index)
      },
      Field(
        "bgid", .number, .nullable,
        meaning: "Buffer group id of provided buffers; null for other buffers."
      ) { buffer, _ in
        .integer(buffer.bgid)
      },
      .address,
      Field("length", .bytes, .nullable, meaning: "Length of the buffer.") { buffer, _ in
        .unlessZero(buffer.length)
      },
      Field("offset", .bytes, meaning: "Offset of the buffer in its first segment.") { buffer, _ in
        .number(buffer.offset)
      },
      .segments, .direction, .kernel, .tag, .release,
    ],
    parts: [
      .object(
        "ublk", FieldSet<GroupBuffer.UblkIO>.ublkIOs,
        meaning: "The ublk I/O whose data is in the buffer."
      ) {
        buffer, _ in buffer.ublk
      },
      .object(
        "fuse", FieldSet<GroupBuffer.FuseRequest>.fuseRequests,
        meaning: "The FUSE request whose pages the buffer is."
      ) {
        buffer, _ in buffer.fuse
      },
    ])
}

extension FieldSet<GroupBuffer.UblkIO> {
  fileprivate static let ublkIOs = FieldSet(
    "ublk I/Os",
    [
      Field(
        "device", .text, .nullable,
        meaning: "Name of the ublk device to whose I/O the buffer belongs."
      ) { io, _ in
        .unlessEmpty(io.device)
      },
      Field("queue", .number, meaning: "Queue of the ublk device that the I/O of the buffer is in.")
      { io, _ in .integer(io.queue) },
      Field("tag", .number, meaning: "Tag of the buffer's I/O in its queue of the ublk device.") {
        io, _ in .integer(io.tag)
      },
      Field(
        "op", .text, .nullable,
        meaning: "Operation of the ublk device's I/O: `read`, `write` and others."
      ) {
        io, _ in io.operation == 0xff ? .none : .text(io.operationName)
      },
      Field(
        "sector", .number, .nullable,
        meaning: "First sector of the ublk device's I/O, in units of 512 bytes."
      ) { io, _ in
        io.operation == 0xff ? .none : .integer(io.sector)
      },
      Field("length", .bytes, .nullable, meaning: "Length of the ublk device's I/O.") { io, _ in
        io.operation == 0xff ? .none : .integer(io.length)
      },
    ])
}

extension FieldSet<GroupBuffer.FuseRequest> {
  fileprivate static let fuseRequests = FieldSet(
    "FUSE requests",
    [
      Field("queue", .number, meaning: "Queue of the FUSE request whose pages the buffer is.") {
        request, _ in .integer(request.queue)
      },
      Field("unique", .address, meaning: "Number that identifies the FUSE request (`unique`).") {
        request, _ in
        .number(request.unique)
      },
      Field(
        "node", .address, meaning: "Id that the FUSE server gave the file of the request."
      ) { request, _ in .number(request.node) },
      Field(
        "op", .text,
        meaning: "Operation of the FUSE request: `read`, `write`, or `op` and its number."
      ) { request, _ in .text(request.operationName) },
      Field("offset", .bytes, .nullable, meaning: "Offset of the FUSE request in its file.") {
        request, _ in
        .integer(request.offset)
      },
      Field("length", .bytes, .nullable, meaning: "Length of the FUSE request.") { request, _ in
        .integer(request.length)
      },
    ])
}

extension FieldSet<RequestGroup.Acknowledgement> {
  fileprivate static let acknowledgements = FieldSet(
    "acknowledgements",
    [
      Field(
        "callback", .text,
        meaning: "The kernel function that gave the buffer back, or the CQE flag that showed it."
      ) {
        acknowledgement, _ in .text(acknowledgement.callback)
      },
      Field("time", .time, meaning: "Time at which the buffer was given back to its owner.") {
        acknowledgement, _ in .number(acknowledgement.time)
      },
      Field("tid", .number, .nullable, meaning: "Thread in which the buffer was given back.") {
        acknowledgement, _ in .unlessZero(acknowledgement.tid)
      },
      Field(
        "derived", .flag,
        meaning: """
          True if the buffer's return was inferred from tracepoints and the ring's table; false if \
          the call of the kernel function was seen.
          """
      ) { acknowledgement, _ in .flag(acknowledgement.isDerived) },
    ])
}

extension FieldSet<RequestGroup.Member> {
  fileprivate static let members = FieldSet(
    "members",
    [
      Field("request", .number, meaning: "Id of the request.") { member, _ in
        .number(member.request)
      },
      Field("opcode", .text, meaning: "The request's opcode.") { member, _ in
        .text(member.opcode.name)
      },
      Field("user_data", .address, meaning: "The request's user_data.") { member, _ in
        .number(member.userData)
      },
      Field("tid", .number, .nullable, meaning: "The thread that submitted the request.") {
        member, _ in
        .unlessZero(member.tid)
      },
      Field("start", .time, meaning: "Time at which the request was submitted.") { member, _ in
        .number(member.startTime)
      },
      Field(
        "end", .time, .nullable,
        meaning: """
          Time at which the request was done; for a zero-copy send, time of its notification; null \
          while the request is running.
          """
      ) { member, _ in member.isDone ? .number(member.endTime) : .none },
      Field("result", .result, .nullable, meaning: "The request's result.") { member, _ in
        member.hasResult ? .integer(member.result) : .none
      },
      .errno { $0.hasResult ? $0.result : nil },
      Field("offset", .bytes, meaning: "Offset of the transfer in the buffer.") { member, _ in
        .number(member.offset)
      },
      Field(
        "asked_bytes", .bytes, .nullable,
        meaning: "Bytes that the request asked for; null if the SQE does not contain the number."
      ) { member, _ in .unlessZero(member.askedBytes) },
      Field("moved_bytes", .bytes, meaning: "Bytes that the request moved.") { member, _ in
        .number(member.movedBytes)
      },
      Field("bid", .number, .nullable, meaning: "The provided buffer that the request got.") {
        member, _ in .integer(member.bufferID)
      },
      Field("cancelled", .flag, meaning: "True if the request was cancelled.") { member, _ in
        .flag(member.isCancelled)
      },
      Field(
        "confirmed", .flag,
        meaning: """
          True if the kernel's own pointers, and not only the SQE, showed that the request used \
          this buffer.
          """
      ) { member, _ in .flag(member.isConfirmed) },
    ])
}
