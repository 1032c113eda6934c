import UringBase
import UringFindings
import UringTrace

/// Texts that all human-readable reports share.
extension ReportDocument {
  /// The rings of a finding, as they were when the finding held: `ring 1 (fio 4711 fd 3)`.
  package func labels(ofRingsOf finding: Finding) -> [String] {
    let rings = finding.past?.rings ?? snapshot.rings
    return finding.rings.map { id in
      rings.first { $0.id == id }.map(label) ?? "ring \(id)"
    }
  }

  private func label(of ring: Ring) -> String {
    let fd = ring.descriptors.first { $0.fd >= 0 }.map { " fd \($0.fd)" } ?? ""
    let owner = ring.comm.isEmpty ? "?" : ring.comm
    return "ring \(ring.id) (\(owner) \(ring.ownerTgid)\(fd))"
  }

  /// The time in which a past finding held, from the start of the watch: `from 2.5 s to 4.5 s, and
  /// once more`.
  package func text(of past: Finding.Past) -> String {
    let start = snapshot.host.startTime
    func moment(_ time: UInt64) -> String { Figures.duration(time.since(start)) }
    let text =
      past.from == past.until
      ? "at \(moment(past.from))" : "from \(moment(past.from)) to \(moment(past.until))"
    return switch past.times {
    case 1: text
    case 2: text + ", and once more"
    default: text + ", and \(past.times - 1) times more"
    }
  }

  /// How the watched command failed; nil if it did not fail, or if there was no command.
  package var commandFailure: String? {
    switch command?.ending {
    case .exited(let status)? where status != 0: "the command ended with status \(status)"
    case .killed(let signal)?: "the command was killed by signal \(signal)"
    default: nil
    }
  }
}
