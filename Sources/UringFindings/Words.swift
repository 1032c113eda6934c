import UringBase
import UringTrace

/// Figures and names in the sentences of findings.
enum Words {
  /// A duration in a sentence, such as `1.25 ms` or `2 min 30 s`.
  static func duration(_ nanoseconds: UInt64) -> String {
    Figures.duration(nanoseconds)
  }

  static func number(_ value: Double) -> String { Figures.number(value) }

  /// A name shortened for a sentence: a path can have 4096 bytes.
  static func name(_ name: String) -> String { name.shortened(to: 120) }

  static func file(of request: Request, in snapshot: Snapshot) -> String? {
    snapshot.fileNames.sentenceName(of: request).map(name)
  }

  /// A number with its noun: `1 request`, `3 requests`.
  static func count(_ count: some BinaryInteger, _ noun: String) -> String {
    Figures.count(count, noun)
  }

  /// A number of repetitions: `once`, `3 times`.
  static func times(_ count: some BinaryInteger) -> String {
    count == 1 ? "once" : "\(count) times"
  }

  /// A number of repetitions as a suffix: `, 3 times`. Empty if the number is 1.
  static func repeated(_ count: some BinaryInteger) -> String {
    count == 1 ? "" : ", \(times(count))"
  }

  /// A number of bytes with its unit: `1.05 MB`, `512 bytes`.
  static func bytes(_ count: some BinaryInteger) -> String {
    let count = UInt64(clamping: count)
    if count < 10_000 { return self.count(count, "byte") }
    return count < 1_000_000
      ? "\(number(Double(count) / 1e3)) kB" : "\(number(Double(count) / 1e6)) MB"
  }

  /// The first items, and the number of the remaining ones.
  static func list(
    _ items: some Collection<String>, of total: Int, shown: Int = 3
  ) -> String {
    let rest = total - min(shown, items.count)
    let text = items.prefix(shown).joined(separator: ", ")
    return rest > 0 ? "\(text) and \(rest) more" : text
  }

  /// The first SQEs that the kernel has not taken; empty if they are not known.
  static func unsubmitted(_ ring: Ring) -> String {
    let first = ring.unsubmitted.prefix(3).map {
      "\(Opcode(rawValue: $0.opcode).name) 0x\(String($0.user_data, radix: 16))"
    }
    return first.isEmpty ? "" : list(first, of: max(Int(ring.sqPending), first.count))
  }

  /// A thread in words: `4242 (server)`; only the number if the name is not known.
  static func thread(_ tid: UInt32, in snapshot: Snapshot) -> String {
    "\(tid)" + (snapshot.taskNames[tid].map { " (\($0))" } ?? "")
  }

  static func percent(_ part: UInt64, of whole: UInt64) -> UInt64 {
    whole == 0 ? 0 : UInt64(nearest: Double(part) * 100 / Double(whole))
  }

  /// Name of the error in a negative result.
  static func error(_ result: Int32) -> String { ErrorNumber(result: result)?.name ?? "\(result)" }
}

extension Finding.Number {
  init(_ name: String, _ value: some BinaryInteger) {
    self.init(name: name, value: UInt64(clamping: value))
  }
}
