import UringTrace

/// What a request's SQE says, as columns show it.
enum Fields {
  static func offset(_ request: Request) -> UInt64? {
    request.isSQEKnown ? request.sqe.off : nil
  }

  static func length(_ request: Request) -> UInt64? {
    request.isSQEKnown ? UInt64(request.sqe.len) : nil
  }

  static func buffer(_ request: Request) -> String {
    request.isSQEKnown ? Humanise.hex(request.sqe.addr) : ""
  }

  static func flags(_ request: Request) -> [String] { [] }
}

extension Fields {
  static func cqeFlags(_ request: Request) -> [String] { [] }
  static func pollEvents(_ request: Request) -> [String] { [Humanise.hex(UInt64(request.pollEvents))] }
  static func all(_ request: Request) -> [(String, String)] {
    let sqe = request.sqe
    return [
      ("opcode", Names.opcode(request.opcode)), ("fd", "\(sqe.fd)"), ("off", "\(sqe.off)"),
      ("addr", Humanise.hex(sqe.addr)), ("len", "\(sqe.len)"),
    ]
  }
}
