import CRecord
import UringRecords

/// The latest naming record of each object (thread, file, function …). A recording that begins
/// later needs these records, because its other records refer to the names.
///
/// Memory is bounded. When ``most`` names have been seen, `young` becomes `old`, and the names in
/// the previous `old` are forgotten.
struct StandingNames {
  private struct Key: Hashable {
    var kind: UInt8
    var ring: UInt64
    var identity: [UInt8]
  }

  /// `young` contains the names seen since the previous `young` became `old`. `old` contains names
  /// from before that; some of them have not been seen again.
  private var young: [Key: [UInt8]] = [:]
  private var old: [Key: [UInt8]] = [:]
  /// Names that are recorded only once, such as those of flags and functions. They are never
  /// forgotten.
  private var lasting: [Key: [UInt8]] = [:]

  /// Number of names in `young` at which it becomes `old`.
  private static let most = 1 << 13
  private static let mostLasting = 1 << 12

  /// The bytes of a naming record that identify the named object.
  private struct Rule {
    var identity: Range<Int>
    var isLasting = false
    /// True if the bytes identify the object only within its ring, so that the ring is part of the
    /// key.
    var isOfRing = false
  }

  private static let head = MemoryLayout<record>.size

  /// Rules by the number of the record kind. Nil for kinds that name nothing.
  private static let rules: [Rule?] = {
    let thread = MemoryLayout<record>.offset(of: \.tid) ?? 24
    let file = MemoryLayout<record_file_identity>.size
    let limits = MemoryLayout<record_process_limits>.offset(of: \.tgid) ?? 48
    let named: [(RecordKind, Rule)] = [
      (.flagName, Rule(identity: head..<head + 4, isLasting: true)),
      (.symbol, Rule(identity: head..<head + 8, isLasting: true)),
      (.callsWatched, Rule(identity: head..<head, isLasting: true)),
      (.taskName, Rule(identity: thread..<thread + 4)),
      (.fileName, Rule(identity: head..<head + 12, isOfRing: true)),
      (.knownFile, Rule(identity: head..<head + file)),
      (.userStack, Rule(identity: head..<head + 8)),
      (.processCgroup, Rule(identity: head..<head + 4)),
      (.processLimits, Rule(identity: limits..<limits + 4)),
    ]
    var rules = [Rule?](repeating: nil, count: 256)
    for (kind, rule) in named { rules[Int(kind.rawValue)] = rule }
    return rules
  }()

  /// Notes the names among whole records.
  mutating func note(_ records: UnsafeRawBufferPointer) {
    Self.rules.withUnsafeBufferPointer { rules in
      for record in RecordSequence(bytes: records) {
        if let rule = rules[Int(record.pointee.kind.rawValue)] { note(record, rule) }
      }
    }
  }

  private mutating func note(_ record: UnsafePointer<record>, _ rule: Rule) {
    let bytes = UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size))
    guard rule.identity.upperBound <= bytes.count else { return }
    let key = Key(
      kind: record.pointee.kind.rawValue, ring: rule.isOfRing ? record.pointee.ctx : 0,
      identity: Array(bytes[rule.identity]))
    if rule.isLasting {
      if lasting.count < Self.mostLasting { lasting[key] = Array(bytes) }
      return
    }
    if young.count >= Self.most, young[key] == nil { (old, young) = (young, [:]) }
    young[key] = Array(bytes)
  }

  /// The naming records of all names, with `time` as their time.
  func records(at time: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    for names in [lasting, old.filter { young[$0.key] == nil }, young] {
      for name in names.values {
        let start = bytes.count
        bytes += name
        withUnsafeBytes(of: time) { bytes.replaceSubrange(start..<start + 8, with: $0) }
      }
    }
    return bytes
  }
}
