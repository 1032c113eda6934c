import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Looks up the names of the files and threads to which requests refer, in /proc.
///
/// A file can be renamed or closed, so a name is looked up again after a while. A record is written
/// only if the name is new or has changed.
struct NameResolver {
  /// A file or thread whose name is wanted.
  enum Subject: Hashable, Sendable {
    case file(FileQuestion)
    case thread(tid: UInt32, tgid: UInt32)
  }

  private struct Entry {
    var name: String
    var isClosed = false
    var hasNoDescriptor = false
    var time: UInt64 = 0
  }

  private var known = BoundedCache<Subject, Entry>(limit: knownLimit)
  /// Files for which an inventory has found no descriptor; such files never get one again.
  private var withoutDescriptor = BoundedCache<FileIdentity, Bool>(limit: knownLimit)
  private var tables = RegisteredPaths()
  private var pipes = PipeNames()

  /// Maximum number of look-ups in one call of `resolve`; each takes one to three system calls.
  private static let passLimit = 256
  private static let knownLimit = 16384
  /// Nanoseconds after which a name is looked up again, because it may have changed.
  private static let lifetime: UInt64 = 2_000_000_000

  /// Looks up the names that are unknown or older than two seconds, and appends records.
  ///
  /// - Parameter rings: the known rings; the name of a registered file is read through a descriptor
  ///   of its ring.
  mutating func resolve(
    _ subjects: [Subject], rings: [UInt64: RingScanner.KnownRing], into records: inout RecordBuffer
  ) {
    let now = MonotonicClock.now()
    pipes.search(
      Set(subjects.compactMap { subject in isDue(subject, at: now) ? subject.pipe : nil }), at: now)
    var remaining = Self.passLimit
    for subject in subjects {
      guard remaining > 0 else { return }
      guard isDue(subject, at: now) else { continue }
      let old = known[subject]
      remaining -= 1
      switch subject {
      case .file(let question):
        answer(question, subject, old, rings: rings, at: now, into: &records)
      case .thread(let tid, let tgid):
        let name = Procfs.comm(of: tid)
        known[subject] = Entry(name: name ?? old?.name ?? "", time: now)
        guard let name, !name.isEmpty, name != old?.name else { continue }
        records.append(record_task_name.self, at: now) {
          $0.base.tid = tid
          $0.tgid = tgid
          copyText(Array(name.utf8), into: &$0.comm)
        }
      }
    }
  }

  /// True if the name is unknown or may have changed. Also true if an inventory has found, since
  /// the last look-up, that no descriptor refers to the file.
  private func isDue(_ subject: Subject, at now: UInt64) -> Bool {
    guard let old = known[subject] else { return true }
    return now &- old.time >= Self.lifetime || !old.hasNoDescriptor && subject.hasNoDescriptor
  }

  private mutating func answer(
    _ asked: FileQuestion, _ subject: Subject, _ old: Entry?,
    rings: [UInt64: RingScanner.KnownRing], at time: UInt64, into records: inout RecordBuffer
  ) {
    var question = asked
    if question.hasNoDescriptor {
      withoutDescriptor[question.file] = true
    } else {
      question.hasNoDescriptor = withoutDescriptor[question.file] ?? false
    }
    let answer = question.answer { ring, index in
      tables.path(ring, index, of: rings[ring], at: time)
    }
    guard let answer else { return }
    var name = oneLine(answer.name)
    if answer.isClosed {
      if question.descriptor >= 0 {
        name = ClosedFile.present(name, question.descriptor, of: question.process)
      }
      // The first line of `name` describes the file that has the descriptor now. The second line
      // describes the request's own file; it is looked up only when the descriptor is first found
      // closed.
      let own =
        old?.isClosed == true
        ? old?.name.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().first.map(
          String.init) ?? ""
        : ClosedFile.description(of: question.file, in: question.process)
      if !own.isEmpty { name += "\n" + own }
    } else if DescriptorCopy.isSocket(name) {
      // A socket's addresses are looked up until both are known; after that they do not change.
      let isSettled = old.map { !$0.isClosed && SocketDescription.isSettled($0.name) } ?? false
      name =
        isSettled
        ? old?.name ?? name
        : SocketDescription.name(of: name, question.descriptor, of: question.process) ?? name
    } else if name == question.pipe {
      name = pipes.name(name, question.descriptor, of: question.process, at: time)
    }
    let entry = Entry(
      name: name, isClosed: answer.isClosed,
      hasNoDescriptor: answer.isClosed && question.hasNoDescriptor, time: time)
    known[subject] = entry
    if let old, old.name == entry.name, old.isClosed == entry.isClosed,
      old.hasNoDescriptor == entry.hasNoDescriptor
    {
      return
    }
    // No record is needed if the name follows from the file's identity, as `pipe:[7]` does.
    if !entry.isClosed, question.file.ownName == entry.name, old?.isClosed != true { return }
    let text = Array(entry.name.utf8.prefix(4095))
    records.append(record_known_file.self, at: time, text: text) {
      $0.file = question.file.record
      $0.tgid = question.process
      $0.fd = question.descriptor
      $0.is_closed = entry.isClosed ? 1 : 0
      $0.has_none = entry.hasNoDescriptor ? 1 : 0
      $0.length = UInt32(text.count)
    }
  }
}

extension NameResolver.Subject {
  /// The process of a thread; nil for a file.
  var process: UInt32? {
    if case .thread(_, let tgid) = self { tgid } else { nil }
  }

  /// Name of the pipe, `pipe:[7]`, if the subject is a pipe without a path; else nil.
  fileprivate var pipe: String? {
    if case .file(let question) = self { question.pipe } else { nil }
  }

  fileprivate var hasNoDescriptor: Bool {
    if case .file(let question) = self { question.hasNoDescriptor } else { false }
  }
}
