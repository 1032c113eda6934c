import CRecord
import Glibc
import UringRecords
import UringTrace

/// Names of the files and threads that requests refer to, from /proc.
///
/// A file can be renamed or closed, so a name is looked up again after a while; only changes are reported.
struct NameResolver {
  /// What is asked for.
  enum Subject: Hashable, Sendable {
    /// A file, by a descriptor that may refer to it.
    case file(FileQuestion)
    /// A registered file of a ring.
    case fixed(ring: UInt64, index: UInt32)
    case thread(tid: UInt32, tgid: UInt32)
  }

  private struct Entry {
    var name: String
    var time: UInt64
  }

  private var known = BoundedCache<Subject, Entry>(limit: knownLimit)
  /// When a ring's fdinfo was last read: it takes the ring's lock.
  private var fixedReadTimes: [UInt64: UInt64] = [:]

  /// Look-ups in one pass: each is a system call or three.
  private static let passLimit = 256
  private static let knownLimit = 16384
  /// Nanoseconds after which a name may be another.
  private static let lifetime: UInt64 = 2_000_000_000
  private static let fixedLifetime: UInt64 = 5_000_000_000

  /// Resolves what is unknown or stale. Fixed files need a descriptor of the ring.
  mutating func resolve(
    _ subjects: [Subject], rings: [UInt64: RingScanner.KnownRing], into records: inout RecordBuffer
  ) {
    let now = MonotonicClock.now()
    var remaining = Self.passLimit
    for subject in subjects {
      guard remaining > 0 else { return }
      if let entry = known[subject], now &- entry.time < Self.lifetime { continue }
      remaining -= 1
      switch subject {
      case .file(let question):
        answer(question, at: now, into: &records)
      case .thread(let tid, _):
        note(subject, Procfs.read("/proc/\(tid)/comm")?.dropLast(), at: now, into: &records)
      case .fixed(let ring, _):
        if let last = fixedReadTimes[ring], now &- last < Self.fixedLifetime { continue }
        fixedReadTimes[ring] = now
        readFixed(ring, known: rings[ring], at: now, into: &records)
      }
    }
  }

  /// Keeps a name and reports it if it has changed. Without one the old name stands: a request may
  /// outlive its descriptor.
  private mutating func note(
    _ subject: Subject, _ name: (some Sequence<UInt8>)?, at time: UInt64,
    into records: inout RecordBuffer
  ) {
    let old = known[subject]?.name
    let new = name.map { harmless($0) } ?? old ?? ""
    known[subject] = Entry(name: new, time: time)
    guard new != old, !new.isEmpty else { return }
    let text = Array(new.utf8.prefix(4096))
    switch subject {
    case .file: break
    case .fixed(let ring, let index):
      records.append(record_file_name.self, at: time, ring: ring, text: text) {
        $0.fd = Int32(bitPattern: index)
        $0.is_fixed = 1
        $0.length = UInt32(text.count)
      }
    case .thread(let tid, let tgid):
      records.append(record_task_name.self, at: time) {
        $0.base.tid = tid
        $0.tgid = tgid
        copyText(text, into: &$0.comm)
      }
    }
  }

  private mutating func answer(
    _ question: FileQuestion, at time: UInt64, into records: inout RecordBuffer
  ) {
    guard let answer = question.answer() else { return }
    let name = harmless(answer.name)
    let key = (answer.isClosed ? "closed " : "") + name
    defer { known[.file(question)] = Entry(name: key, time: time) }
    guard key != known[.file(question)]?.name else { return }
    // of pipes and sockets the identity itself is the name
    if !answer.isClosed, question.file.ownName != nil, known[.file(question)] == nil { return }
    let text = Array(name.utf8.prefix(4095))
    records.append(record_known_file.self, at: time, text: text) {
      $0.file = question.file.record
      $0.tgid = question.tgid
      $0.fd = question.fd
      $0.is_closed = answer.isClosed ? 1 : 0
      $0.length = UInt32(text.count)
    }
  }

  /// Names of registered pipes and sockets, which fdinfo lacks on 6.1 and for rings without descriptor.
  mutating func note(
    _ files: [RecordBuffer.FixedFile: RecordBuffer.NamedFile], into records: inout RecordBuffer
  ) {
    let now = MonotonicClock.now()
    for (slot, file) in files {
      note(
        .fixed(ring: slot.ring, index: slot.index), Array(file.name.utf8), at: now, into: &records)
    }
  }

  /// Reads the `UserFiles` of a ring's fdinfo: lines of `index: name`.
  private mutating func readFixed(
    _ ring: UInt64, known: RingScanner.KnownRing?, at time: UInt64,
    into records: inout RecordBuffer
  ) {
    guard let holder = known?.holders.first(where: { $0.fd >= 0 }),
      let text = Procfs.read("/proc/\(holder.tgid)/fdinfo/\(holder.fd)")
    else { return }
    var isInFiles = false
    for line in text.split(separator: UInt8(ascii: "\n")) {
      if line.starts(with: Array("UserFiles:".utf8)) {
        isInFiles = true
        continue
      }
      guard isInFiles else { continue }
      // names may hold colons: only the first one counts
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
        let index = UInt32(
          String(decoding: line[..<colon].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self))
      else { break }
      let name = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
      if name.elementsEqual(Array("<none>".utf8)) { continue }
      note(.fixed(ring: ring, index: index), unescaped(name), at: time, into: &records)
    }
  }
}

/// Undoes what seq_file_path does to blanks and backslashes: `\040`, three octal digits.
func unescaped(_ text: some Collection<UInt8>) -> [UInt8] {
  var bytes: [UInt8] = []
  var rest = Array(text)[...]
  while let byte = rest.popFirst() {
    let digits = rest.prefix(3)
    if byte == UInt8(ascii: "\\"), digits.count == 3,
      let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
    {
      bytes.append(value)
      rest = rest.dropFirst(3)
    } else {
      bytes.append(byte)
    }
  }
  return bytes
}
