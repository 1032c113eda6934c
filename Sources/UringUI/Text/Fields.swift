import UringFields
import UringTrace

/// Texts of a request's SQE and CQE for columns and the detail pane.
enum Fields {
  static func lengthText(_ request: Request) -> String {
    guard let length = request.length else { return "" }
    return length.unit.isEmpty
      ? Humanise.exactBytes(length.number) : "\(length.number)\(length.unit)"
  }

  /// The buffer of a request: "#7" for a registered buffer; "group 3" for a provided buffer, "group
  /// 3 id 5" once one is chosen; otherwise the address.
  static func buffer(_ request: Request) -> String {
    guard request.knows(.addr) else { return "" }
    switch request.bufferReference {
    case .registered(let index)?: return "#\(index)"
    case .group(let group)?:
      let chosen = CQEFlags(rawValue: request.cqeFlags).bufferID
      return "group \(group)" + (chosen.map { " id \($0)" } ?? "")
    case nil: break
    }
    let isBuffer = [.bytes, .vectors].contains(request.opcode.length)
    return isBuffer && request.sqe.addr != 0 ? Humanise.hex(request.sqe.addr) : ""
  }

  /// The names of the SQE's flags, without IOSQE_.
  static func flags(_ request: Request) -> String {
    request.sqeFlags.names.joined(separator: " ")
  }

  static func cqeFlags(_ request: Request) -> String {
    let flags = CQEFlags(rawValue: request.cqeFlags)
    let buffer = flags.bufferID.map { ["buffer id \($0)"] } ?? []
    return (flags.names + buffer).joined(separator: " ")
  }

  static func pollEvents(_ request: Request) -> String {
    NamedBits.poll.text(request.pollEvents, separator: " ")
  }
}
