import CRecord
import UringBase
import UringRecords
import UringSources
import UringTrace

/// Snapshots, dumps, and the names that they show.
extension SessionLoop {
  @discardableResult
  func publish(_ intake: inout RecordIntake) -> Snapshot {
    let snapshot = intake.snapshot()
    state.publish { $0.snapshot = snapshot }
    askForNames(snapshot)
    return snapshot
  }

  /// Makes the surveyor thread look up the names of files and threads of requests that a screen can
  /// show: requests in flight and requests that ended recently.
  private func askForNames(_ snapshot: Snapshot) {
    var addresses: [Ring.ID: UInt64] = [:]
    for ring in snapshot.rings { addresses[ring.id] = ring.address }
    var seen: Set<NameResolver.Subject> = []
    var subjects: [NameResolver.Subject] = []
    func ask(_ subject: NameResolver.Subject) {
      if seen.insert(subject).inserted { subjects.append(subject) }
    }
    func ask(about request: Request) {
      if let file = FileQuestion(request, ring: addresses[request.ring]) { ask(.file(file)) }
      if let file = FileQuestion(inputOf: request) { ask(.file(file)) }
      if request.submitterTid != 0 {
        ask(.thread(tid: request.submitterTid, tgid: request.submitterTgid))
      }
    }
    for request in snapshot.requests.prefix(1024) { ask(about: request) }
    for request in snapshot.recent.prefix(256) { ask(about: request) }
    guard !subjects.isEmpty else { return }
    state.mailbox.ask { $0.names = subjects }
  }

  /// Writes the latest records to a file on a separate thread, while this thread continues to read.
  func dump(_ intake: inout RecordIntake, to path: String) {
    guard let write = options.dumpWriter else {
      state.notify(Notice("there is nothing to dump", isError: true))
      return
    }
    var prelude = flagNames()
    prelude.append(RecordBuffer(ringsOf: intake.snapshot(), at: host.startTime))
    let records = prelude.bytes + intake.copyOfTail()
    let (state, host, end) = (state, host, MonotonicClock.now())
    let writer = try? WorkerThread("dump", orThrow: ProbeError.thread) {
      do {
        try write(records, host, end, path)
        state.notify(Notice("trace written to \(path)"))
      } catch {
        state.notify(Notice("\(error)", isError: true))
      }
    }
    if let writer {
      writer.detach()
    } else {
      state.notify(Notice("cannot start a thread to write \(path)", isError: true))
    }
  }

  /// Returns records of the watched functions and of the names of request flags. A recording must
  /// contain them, because they depend on the kernel.
  func flagNames() -> RecordBuffer {
    var records = RecordBuffer()
    for function in flush.watched {
      records.append(record_symbol.self, at: host.startTime) {
        $0.address = UInt64(function.rawValue)
      }
    }
    if calls != nil { records.append(record_calls_watched.self, at: host.startTime) }
    for (name, bit) in flagBits.sorted(by: { $0.value < $1.value }) {
      records.append(record_flag_name.self, at: host.startTime) {
        $0.bit = bit
        copyText(name.utf8, into: &$0.name)
      }
    }
    return records
  }
}
