import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Measures how long CQEs stay unreaped in a ring's queue, and finds the system call in which the
/// thread that should reap them is blocked meanwhile.
///
/// When a scan has seen unreaped CQEs in a ring, the ring is sampled for a moment at short
/// intervals. Only one ring is sampled at a time. If its CQEs are reaped at once, only a few
/// samples are taken.
struct LagWatch: ~Copyable {
  fileprivate struct Subject: ~Copyable {
    let ring: UInt64
    let tgid: UInt32
    let iterator: BPFObject.TemporaryIterator
    /// Time at which the sampling of the ring ends.
    let end: UInt64
    /// The CQ head at the last sample; it changes when the application reaps CQEs.
    var head: UInt32 = 0
    /// Time of the first sample that saw unreaped CQEs with this head; 0 while there are none.
    var since: UInt64 = 0
    var lastUnread: UInt64 = 0
    var userData: UInt64 = 0
    var count: UInt32 = 0
    var episodes = 0
    var threads: ReaperThreads?
  }

  private var subject: Subject?
  /// Time of the next sample; `UInt64.max` while no ring is sampled.
  private(set) var nextSample = UInt64.max
  /// Time at which each ring was last selected for sampling.
  private var watched: [UInt64: UInt64] = [:]
  private var names = NameResolver()

  private static let interval: UInt64 = 5_000_000
  private static let duration: UInt64 = 700_000_000
  private static let mostEpisodes = 3
  /// Minimum nanoseconds between two selections of the same ring.
  private static let pause: UInt64 = 3_000_000_000
  /// Nanoseconds that CQEs must stay in the queue for a record to be written.
  private static let shortest: UInt64 = 10_000_000

  /// Begins to sample a ring in which the last scan has seen unreaped CQEs and no task that waits
  /// in io_uring_enter. Does nothing while another ring is sampled.
  mutating func begin(_ scanner: borrowing RingScanner, at now: UInt64) {
    guard nextSample == .max else { return }
    for ring in watched.keys where scanner.rings[ring] == nil { watched[ring] = nil }
    let candidates = scanner.rings.filter { address, ring in
      ring.sighting.cq_pending > 0 && ring.sighting.waiters == 0
        && now.since(watched[address] ?? 0) >= Self.pause
    }
    guard
      let (address, ring) = candidates.min(by: { (watched[$0.key] ?? 0) < (watched[$1.key] ?? 0) }),
      let holder = ring.holders.first(where: { $0.fd >= 0 && $0.tgid != 0 }),
      let iterator = try? scanner.iterator(overProcess: holder.tgid)
    else { return }
    watched[address] = now
    subject = Subject(
      ring: address, tgid: holder.tgid, iterator: iterator, end: now + Self.duration)
    nextSample = now
  }

  /// Takes a sample if one is due.
  mutating func sample(at now: UInt64, into records: inout RecordBuffer) {
    guard now >= nextSample, var subject = subject.take() else { return }
    nextSample = .max
    let cost = clockTime(CLOCK_THREAD_CPUTIME_ID)
    guard let sighting = subject.sighting() else { return }
    let time = MonotonicClock.now()
    subject.take(sighting, at: time, shortest: Self.shortest, &names, into: &records)
    guard time < subject.end, subject.episodes < Self.mostEpisodes else {
      return subject.finish(at: time, shortest: Self.shortest, &names, into: &records)
    }
    // Sampling must use at most a twentieth of a processor's time.
    nextSample = time + max(Self.interval, (clockTime(CLOCK_THREAD_CPUTIME_ID) - cost) * 20)
    self.subject = consume subject
  }
}

extension LagWatch.Subject {
  fileprivate func sighting() -> probe_sighting? { iterator.first { $0.ctx == ring } }

  fileprivate mutating func take(
    _ sighting: probe_sighting, at time: UInt64, shortest: UInt64, _ names: inout NameResolver,
    into records: inout RecordBuffer
  ) {
    let isUnread = sighting.cq_pending > 0
    if since != 0, sighting.cq_head == head, isUnread {
      lastUnread = time
      count = sighting.cq_pending
      if time.since(since) >= shortest {
        if threads == nil { threads = ReaperThreads(of: tgid) }
        threads?.note()
      }
      return
    }
    if since != 0 {
      write(taken: time, shortest: shortest, &names, into: &records)
      episodes += 1
    }
    head = sighting.cq_head
    since = isUnread ? time : 0
    lastUnread = time
    userData = sighting.oldest_user_data
    count = sighting.cq_pending
    threads = nil
  }

  /// Writes a record of the CQEs that are still unreaped when the sampling ends.
  fileprivate mutating func finish(
    at time: UInt64, shortest: UInt64, _ names: inout NameResolver, into records: inout RecordBuffer
  ) {
    if since != 0 { write(taken: 0, shortest: shortest, &names, into: &records) }
  }

  private func write(
    taken: UInt64, shortest: UInt64, _ names: inout NameResolver, into records: inout RecordBuffer
  ) {
    guard lastUnread.since(since) >= shortest else { return }
    let reaper = threads?.reaper(hasTaken: taken != 0)
    let text = Array((reaper?.call ?? "").utf8.prefix(256))
    records.append(record_reap_lag.self, at: lastUnread, ring: ring, text: text) {
      $0.base.tid = reaper?.tid ?? 0
      $0.since_ns = since
      $0.taken_ns = taken
      $0.user_data = userData
      $0.count = count
      $0.length = UInt32(text.count)
    }
    if let reaper {
      names.resolve([.thread(tid: reaper.tid, tgid: tgid)], rings: [:], into: &records)
    }
  }
}

/// The threads of a process, one of which reaps the ring's CQEs.
private struct ReaperThreads {
  private struct Thread {
    var tid: UInt32
    var call: String
    /// CPU time at the last sample that saw the unreaped CQEs, as text from /proc.
    var time: Substring
  }

  private var threads: [Thread] = []
  private let folder: String

  private static let most = 16

  /// Reads the threads' system calls; nil if the process has too many threads.
  init?(of tgid: UInt32) {
    folder = "/proc/\(tgid)/task"
    for entry in Procfs.entries(folder) {
      guard let tid = UInt32(entry), let name = Procfs.text("\(folder)/\(tid)/comm"),
        !name.hasPrefix("iou-")
      else { continue }
      guard threads.count < Self.most else { return nil }
      var task = probe_task()
      (task.tid, task.tgid) = (tid, tgid)
      task.state = 1  // TASK_INTERRUPTIBLE, until ThreadLook reads the actual state from /proc
      let look = ThreadLook(task, isDetailed: true)
      threads.append(
        Thread(
          tid: tid, call: look.wait == .runs ? "" : look.call, time: Self.time(of: tid, folder)))
    }
  }

  private static func time(of tid: UInt32, _ folder: String) -> Substring {
    Procfs.text("\(folder)/\(tid)/schedstat")?.split(separator: " ").first ?? ""
  }

  mutating func note() {
    guard threads.count > 1 else { return }
    for index in threads.indices {
      threads[index].time = Self.time(of: threads[index].tid, folder)
    }
  }

  /// Returns the thread that reaps the CQEs: the process's only thread or, if CQEs have been
  /// reaped, the only thread that has run since the last sample. Returns nil if there is no such
  /// thread.
  func reaper(hasTaken: Bool) -> (tid: UInt32, call: String)? {
    if threads.count == 1 { return (threads[0].tid, threads[0].call) }
    guard hasTaken else { return nil }
    let ran = threads.filter { Self.time(of: $0.tid, folder) != $0.time }
    return ran.count == 1 ? (ran[0].tid, ran[0].call) : nil
  }
}
