import UringTrace

/// Texts for groups and buffers on the screen.
extension Names {
  static func state(_ group: RequestGroup) -> Piece {
    let isDerived = group.acknowledgement?.isDerived == true
    let style: Style =
      switch group.state {
      case .assembling, .ended: .faint
      case .provided: .label
      case .borrowed: .strong
      case .membersDone: .normal
      case .givenBack: isDerived ? .label : .good
      case .leaked: .error
      }
    return Piece(group.state.name + (isDerived ? derivedMark : ""), style)
  }

  /// The name of the command or opcode that made the buffer available.
  static func leader(_ group: RequestGroup) -> Piece {
    let leader = group.leader
    let failed = leader.hasResult && leader.result < 0
    if let name = group.provider.commandName(leader.command) {
      return Piece(shortened("\(name)"), failed ? .error : .name)
    }
    if let call = leader.registerOpcode { return Piece(call.name, failed ? .error : .name) }
    if leader.request != 0 { return Piece(opcode(leader.opcode), failed ? .error : .name) }
    return Piece("not seen", .faint)
  }

  /// The command's name without its prefix: "REGISTER_IO_BUF" for "UBLK_U_IO_REGISTER_IO_BUF".
  private static func shortened(_ command: String) -> String {
    for prefix in ["UBLK_U_IO_", "UBLK_IO_", "FUSE_IO_URING_CMD_"] where command.hasPrefix(prefix) {
      return String(command.dropFirst(prefix.count))
    }
    return command
  }

  /// The slot or address of a buffer: "#3", "bgid 1", "0x7f001000".
  static func slot(_ buffer: GroupBuffer) -> String {
    if let index = buffer.index { return "#\(index)" }
    if let bgid = buffer.bgid { return "bgid \(bgid)" }
    if buffer.address != 0 { return Humanise.hex(buffer.address) }
    return buffer.isKernel ? "kernel" : ""
  }

  /// The name of a buffer. If the buffer belongs to a driver's request, the name includes the
  /// request: "#3 ublkb0 0/5 read".
  static func buffer(_ buffer: GroupBuffer) -> String {
    if let request = buffer.fuse { return "\(slot(buffer)) FUSE \(request.operationName)" }
    guard let io = buffer.ublk else { return slot(buffer) }
    let device = io.device.isEmpty ? "ublk" : io.device
    let operation = io.operationName.isEmpty ? "" : " " + io.operationName
    return "\(slot(buffer)) \(device) \(io.queue)/\(io.tag)\(operation)"
  }

  /// The direction in which members can use the buffer.
  static func direction(_ direction: GroupBuffer.Direction) -> String {
    switch direction {
    case .unknown: ""
    case .destination: "to be filled"
    case .source: "to be read"
    case .both: "to be filled or read"
    }
  }

  static func kind(_ kind: Buffer.Kind) -> String {
    switch kind {
    case .registered: "registered"
    case .providedRing: "provided, ring"
    case .providedLegacy: "provided"
    }
  }

  /// The index of a buffer: "#3" for a slot of the table, "bgid 3" for a group of provided buffers.
  static func index(_ buffer: Buffer) -> String {
    buffer.kind == .registered ? "#\(buffer.index)" : "bgid \(buffer.index)"
  }

  static func conditions(_ conditions: GroupConditions) -> String {
    conditions.map { "\($0.name)" }.joined(separator: " ")
  }
}

extension GroupCondition {
  /// The style of a condition: `error` if data may be wrong or memory is lost, otherwise `warning`.
  var style: Style { Self.severe.contains(self) ? .error : .warning }

  private static let severe: Set<GroupCondition> = [
    .neverGivenBack, .outOfRange, .wrongDirection, .emptySlot, .leaderFailed, .memberFailed,
    .streamDataLost, .notRegistered, .committedElsewhere, .exhausted,
    .answeredEarly,
  ]
}

extension GroupConditions {
  /// The style of the worst condition.
  var style: Style { contains { $0.style == .error } ? .error : .warning }
}

extension RequestGroup {
  /// Time at which the buffer was provided; before that, time at which the leader started. The two
  /// differ, because a leader may wait long for its buffer.
  var birth: UInt64 { providedTime != 0 ? providedTime : startTime }

  /// Nanoseconds for which the buffer was, or has been, lent by its owner.
  func age(_ scene: Scene) -> UInt64 {
    let end = endTime != 0 ? endTime : state.isFinal ? birth : scene.now
    return end.since(birth)
  }

  /// True if the group has not ended, or if its end time is known.
  var isEndKnown: Bool { !state.isFinal || endTime != 0 }

  /// True for the application's own buffers, which serve many transfers while they are registered.
  var isLongLived: Bool { provider.isLongLived }
}
