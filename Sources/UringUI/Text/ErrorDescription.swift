import UringTrace

extension Event {
  /// True for events that a search for errors finds.
  var isError: Bool { kind.isError(opcode, result: Int32(truncatingIfNeeded: value)) }
}

extension Scene {
  /// A description of an error in one line: "READ of /etc/passwd -EFAULT, request 12".
  func description(ofError event: Event) -> String {
    let request = request(event.request)
    let file = request.map { RequestColumns.fileName($0, self) } ?? ""
    let value = Names.value(of: event).text
    let what: String =
      switch event.kind {
      case .failLink: "chain broken, \(value)"
      case .cqeOverflow: "CQ full, " + value
      default: value
      }
    return (event.opcode.isNone ? "" : Names.opcode(event.opcode) + " ")
      + (file.isEmpty ? "" : "of \(file) ")
      + what + (event.request == 0 ? "" : ", request \(event.request)")
  }
}
