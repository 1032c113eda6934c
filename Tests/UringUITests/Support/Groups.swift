@testable import UringTrace
@testable import UringUI

/// Groups and buffers made by hand, with times in microseconds from ``base``.
extension Make {
  /// Nine seconds after the start.
  static let base = start + 9_000_000_000

  static func member(
    _ request: Request.ID, opcode: UInt8 = 4, from: UInt64, to: UInt64? = nil, asked: UInt64 = 4096,
    result: Int32? = nil, isCancelled: Bool = false
  ) -> RequestGroup.Member {
    var member = RequestGroup.Member()
    member.request = request
    member.opcode = Opcode(rawValue: opcode)
    member.tid = 4243
    member.startTime = base + from * 1_000
    member.endTime = to.map { base + $0 * 1_000 } ?? 0
    member.askedBytes = asked
    if let result {
      member.result = result
      member.hasResult = true
      member.movedBytes = UInt64(max(0, result))
    } else if to != nil {
      member.result = Int32(asked)
      member.hasResult = true
      member.movedBytes = asked
    }
    member.isCancelled = isCancelled
    return member
  }

  /// The group of a ublk read of 16K in slot 3, whose leader waited for a second.
  static func group(
    _ id: RequestGroup.ID, ring: Ring.ID = 1, provider: GroupProvider = .ublkAuto,
    state: RequestGroup.State = .borrowed, members: [RequestGroup.Member] = [],
    providedAt: UInt64 = 0, withdrawnAt: UInt64? = nil,
    acknowledgement: RequestGroup.Acknowledgement? = nil, conditions: GroupConditions = .init()
  ) -> RequestGroup {
    var leader = RequestGroup.Leader()
    leader.request = 500 + id
    leader.ring = ring
    leader.opcode = Opcode(rawValue: 46)
    leader.command = 0xc010_7521
    leader.tid = 4243
    leader.startTime = base - 1_000_000_000
    leader.endTime = base + providedAt * 1_000
    leader.hasResult = true
    var buffer = GroupBuffer()
    buffer.index = 3
    buffer.length = 16384
    buffer.segments = 4
    buffer.direction = .destination
    buffer.isKernel = true
    var io = GroupBuffer.UblkIO()
    io.device = "ublkb0"
    io.queue = 1
    io.tag = 7
    io.operation = 0
    io.sector = 2048
    io.length = 16384
    buffer.ublk = io
    return RequestGroup(
      id: id, ring: ring, provider: provider, state: state, leader: leader, buffer: buffer,
      members: members, memberCount: UInt64(members.count),
      doneCount: UInt64(members.count { $0.isDone }),
      failedCount: UInt64(members.count { $0.hasResult && $0.result < 0 }),
      movedBytes: members.reduce(0) { $0 + $1.movedBytes }, startTime: leader.startTime,
      providedTime: leader.endTime,
      withdrawnTime: withdrawnAt.map { base + $0 * 1_000 } ?? 0,
      membersDoneTime: members.allSatisfy(\.isDone) ? members.map(\.endTime).max() ?? 0 : 0,
      acknowledgement: acknowledgement, conditions: conditions)
  }

  static func acknowledgement(
    at time: UInt64, isDerived: Bool = false
  ) -> RequestGroup.Acknowledgement {
    .init(
      callback: "ublk_io_release", time: base + time * 1_000, tid: isDerived ? 0 : 4250,
      isDerived: isDerived)
  }

  static func buffer(
    _ index: UInt32, ring: Ring.ID = 1, kind: Buffer.Kind = .registered,
    provider: GroupProvider = .registered, isKernel: Bool = false, group: RequestGroup.ID = 0,
    borrowers: [Request.ID] = [], references: UInt32? = nil, useCount: UInt64 = 0,
    isWithdrawn: Bool = false, left: UInt32? = nil
  ) -> Buffer {
    Buffer(
      ring: ring, kind: kind, index: index, provider: provider,
      address: isKernel ? 0 : 0x7f00_1234_0000 + UInt64(index) << 16, length: 65536, segments: 1,
      direction: .both, isKernel: isKernel, tag: 0, release: "", group: group, borrowers: borrowers,
      references: references, sharers: 1, registeredTime: start,
      lastUseTime: useCount > 0 ? base : 0,
      useCount: useCount, isWithdrawn: isWithdrawn, buffersLeft: left,
      bufferCount: left == nil ? 0 : 16, exhaustedCount: 0)
  }

  /// A snapshot with four groups. The first has two overlapping members and a running member. The
  /// buffers of two groups have been given back; for the second of these, the release was inferred.
  /// The buffer of the fourth group is leaked.
  static var lending: Snapshot {
    var snapshot = snapshot(
      rings: [ring(1, comm: "server", inFlight: 2), ring(2, comm: "client")],
      requests: [
        request(501, opcode: 46, startedAt: 8), request(13, opcode: 4, startedAt: 9.0006),
      ],
      recent: [
        request(11, opcode: 4, state: .completed, startedAt: 9.0001, result: 4096),
        request(12, opcode: 5, state: .completed, startedAt: 9.0002, result: -14),
      ], at: 9.001)
    for index in snapshot.requests.indices { snapshot.requests[index].group = 1 }
    for index in snapshot.recent.indices { snapshot.recent[index].group = 1 }
    snapshot.groups = [
      group(
        1,
        members: [
          member(11, from: 100, to: 400), member(12, opcode: 5, from: 200, to: 300, result: -14),
          member(13, from: 600, asked: 8192),
        ], conditions: GroupConditions(.outOfRange, .memberFailed)),
      group(
        2, state: .givenBack, members: [member(21, from: 100, to: 200, asked: 16384)],
        withdrawnAt: 300, acknowledgement: acknowledgement(at: 310)),
      group(
        3, ring: 2, state: .givenBack, members: [member(31, from: 100, to: 200)],
        acknowledgement: acknowledgement(at: 900, isDerived: true),
        conditions: GroupConditions(.partlyFilled)),
      group(
        4, ring: 2, provider: .ublk, state: .leaked, conditions: GroupConditions(.neverGivenBack)),
    ]
    snapshot.buffers = [
      buffer(
        3, provider: .ublkAuto, isKernel: true, group: 1, borrowers: [13], references: 2,
        useCount: 3),
      buffer(4, useCount: 1_234),
      buffer(5, ring: 2, kind: .providedRing, provider: .provided, useCount: 7, left: 0),
    ]
    return snapshot
  }
}
