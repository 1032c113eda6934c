import UringFindings
import UringTrace

extension Event {
  /// True for events that a search for errors finds.
  var isError: Bool { kind.isError(opcode, result: Int32(truncatingIfNeeded: value)) }
}

extension Scene {
  /// A description of an error in one line: "request 12 (READ of /etc/passwd): -EFAULT".
  func description(ofError event: Event) -> String {
    let request = request(event.request)
    let value = Names.value(of: event).text
    let what: String =
      switch event.kind {
      case .failLink:
        " broke its chain: the kernel cancels request \(event.value) behind it"
      case .cqeOverflow: ": its CQE did not fit into the CQ; result " + value
      default: ": " + value + (request.flatMap(cancellation) ?? "")
      }
    let subject = subject(of: event, request)
    return subject.isEmpty ? String(what.drop { ": ".contains($0) }) : subject + what
  }

  /// The request of an event with its opcode and file; only the opcode of an event without a
  /// request.
  private func subject(of event: Event, _ request: Request?) -> String {
    let opcode = event.opcode.isNone ? "" : Names.opcode(event.opcode)
    guard event.request != 0 else { return opcode }
    let file = request.map { RequestColumns.fileName($0, self) } ?? ""
    let words = [opcode, file.isEmpty ? "" : "of " + file].filter { !$0.isEmpty }
    return "request \(event.request)"
      + (words.isEmpty ? "" : " (\(words.joined(separator: " ")))")
  }

  /// A clause that names what cancelled a request: the request that broke its chain, or the
  /// request that cancelled it. Nil if it was not cancelled, or if neither is known.
  private func cancellation(of request: Request) -> String? {
    guard request.hasResult, request.result == -ErrorNumber.canceled.rawValue else { return nil }
    if let chain = chain(request.chain), chain.brokenBy != 0, chain.brokenBy != request.id {
      let words = chain.members.first { $0.request == chain.brokenBy }.map { cause in
        let outcome = cause.result.map { ", " + Names.result($0, of: cause.opcode).text } ?? ""
        return " (\(Names.opcode(cause.opcode))\(outcome))"
      }
      return ", because request \(chain.brokenBy)\(words ?? "") broke its chain"
    }
    return snapshot.canceller(of: request).map {
      ", cancelled by request \($0.id) (\(Names.opcode($0.opcode)))"
    }
  }
}
