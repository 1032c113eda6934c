import UringFields
import UringTrace

/// The facts above the tree on a group's page.
struct GroupFacts {
  var group: RequestGroup
  var scene: Scene

  /// The lines, the most important first. If there is little room, the last lines are left out.
  var lines: [[Piece]] {
    [state] + conditions + [buffer] + blockRequest + fuseRequest + [givenBack] + holder + [provider]
  }

  private var state: [Piece] {
    var pieces = [Names.state(group)]
    let members = group.memberCount == 1 ? "member" : "members"
    pieces.append(
      Piece(
        group.memberCount == 0
          ? "  no members" : "  \(group.doneCount) of \(group.memberCount) \(members) done"))
    if group.failedCount > 0 { pieces.append(Piece(", \(group.failedCount) failed", .error)) }
    if group.isEndKnown {
      pieces.append(Piece("  \(Humanise.duration(group.age(scene)))", .value))
    }
    return Piece.fact("State", pieces)
  }

  private var conditions: [[Piece]] {
    group.conditions.map { condition in
      Piece.fact(
        "!", [Piece("\(condition.name)", condition.style), Piece("  \(condition.explanation)")])
    }
  }

  private var buffer: [Piece] {
    let buffer = group.buffer
    var pieces = [Piece(Names.slot(buffer), .strong)]
    if buffer.length > 0 {
      pieces.append(Piece("  "))
      pieces.append(GroupsContent.moved(group, width: 12))
      let moved = Humanise.shortBytes(group.movedBytes)
      pieces.append(Piece("  \(moved) of \(Humanise.exactBytes(buffer.length)) moved"))
    } else if group.movedBytes > 0 {
      pieces.append(Piece("  \(Humanise.shortBytes(group.movedBytes)) moved"))
    }
    if !Names.direction(buffer.direction).isEmpty {
      pieces.append(Piece("  " + Names.direction(buffer.direction)))
    }
    var memory: [String] = []
    if buffer.isKernel {
      memory.append("kernel's")
    } else if buffer.address != 0, buffer.index != nil || buffer.bgid != nil {
      memory.append("at " + Humanise.hex(buffer.address))
    }
    if buffer.segments > 1 { memory.append("\(buffer.segments) segments") }
    if buffer.offset != 0 { memory.append("from \(Humanise.exactBytes(buffer.offset))") }
    if buffer.tag != 0 { memory.append("tag " + Humanise.hex(buffer.tag)) }
    if !memory.isEmpty { pieces.append(Piece("  " + memory.joined(separator: ", "), .faint)) }
    return Piece.fact("Buffer", pieces)
  }

  private var blockRequest: [[Piece]] {
    guard let io = group.buffer.ublk else { return [] }
    var text = "\(io.device.isEmpty ? "ublk" : io.device)  queue \(io.queue)  tag \(io.tag)"
    if !io.operationName.isEmpty { text += "  \(io.operationName)" }
    if let sector = io.sector { text += "  sector \(sector)" }
    text += "  \(Humanise.exactBytes(UInt64(io.length)))"
    return [Piece.fact("Block I/O", [Piece(text)])]
  }

  private var fuseRequest: [[Piece]] {
    guard let request = group.buffer.fuse else { return [] }
    let text =
      "\(request.operationName)  node \(Humanise.hex(request.node))  offset \(request.offset)"
      + "  \(Humanise.exactBytes(UInt64(request.length)))  queue \(request.queue)"
      + "  request \(Humanise.hex(request.unique))"
    return [Piece.fact("FUSE", [Piece(text)])]
  }

  private var givenBack: [Piece] {
    guard let given = group.acknowledgement else {
      return Piece.fact("Given back", [Piece(Self.withoutAcknowledgement(group), .faint)])
    }
    var pieces: [Piece] = []
    if given.isDerived {
      pieces.append(Piece("derived", .warning))
      pieces.append(Piece(", not observed", .warning))
      if !given.callback.isEmpty {
        pieces.append(Piece("  would be \(given.callback)", .faint))
      }
    } else {
      pieces.append(Piece(given.callback.isEmpty ? "observed" : given.callback, .good))
    }
    if group.birth != 0, given.time > group.birth {
      pieces.append(Piece("  after \(Humanise.duration(given.time - group.birth))"))
    }
    if given.tid != 0 { pieces.append(Piece("  by " + scene.thread(given.tid), .faint)) }
    return Piece.fact("Given back", pieces)
  }

  private static func withoutAcknowledgement(_ group: RequestGroup) -> String {
    switch group.state {
    case .leaked: "never"
    case .ended: "nothing to give back"
    default: "not yet"
    }
  }

  private var holder: [[Piece]] {
    guard let holder = group.holder else { return [] }
    let age = Humanise.duration(scene.age(since: holder.startTime))
    return [
      Piece.fact(
        "Held by",
        [
          Piece(Names.opcode(holder.opcode), .name), Piece(" \(holder.request)", .label),
          Piece("  for \(age)", .value), Piece("  " + scene.thread(holder.tid), .faint),
        ])
    ]
  }

  private var provider: [Piece] {
    var pieces = [Piece("\(group.provider.title)", .name)]
    if let ring = scene.ring(group.ring) {
      pieces.append(Piece("  ring \(ring.id): \(scene.label(of: ring))"))
    }
    if group.leader.ring != 0, group.leader.ring != group.ring {
      pieces.append(Piece("  leader on ring \(group.leader.ring)", .warning))
    }
    return Piece.fact("Provider", pieces)
  }
}
