import CURing
import Glibc

/// The state and the loop of the mixed load's thread.
struct MixedRunner: ~Copyable {
  private typealias Job = MixedLoad.Job

  // The layout of `memory`: a page of data for transfers, then small values at fixed offsets.
  private static let dataSize = 4096
  private static let tickTime = dataSize
  private static let lateTime = dataSize + 16
  private static let knownPath = dataSize + 64
  private static let missingPath = dataSize + 128
  private static let replies = dataSize + 256
  private static let replySize = 64

  /// Nanoseconds between jobs (`tick`), and until a link timeout expires (`patience`).
  private static let tick: UInt64 = 10_000_000
  private static let patience: UInt64 = 4_000_000

  private let ring: Ring
  private let memory: MappedBuffer
  private let file: OwnedDescriptor
  private let echo: SocketPair
  private let silent: SocketPair
  private var status = MixedLoad.Status()
  private var sequence: UInt64 = 0
  private var inFlight = 0
  /// Number of ticks so far.
  private var ticks: UInt64 = 0
  private var isEnding = false

  init() throws(TargetError) {
    let ring = try Ring(entries: 64)
    let memory = try MappedBuffer(count: 2 * Self.dataSize)
    let file = OwnedDescriptor(owning: curing_memory_file("uringtop-mixed"))
    guard file.number >= 0 else { throw .last("cannot create a file in memory") }
    let echo = try SocketPair()
    let silent = try SocketPair()
    self.ring = ring
    self.memory = memory
    self.file = file
    self.echo = echo
    self.silent = silent
    store(time: Self.tick, at: Self.tickTime)
    store(time: Self.patience, at: Self.lateTime)
    store(path: "/proc/self/stat", at: Self.knownPath)
    store(path: "/proc/self/no-such-file", at: Self.missingPath)
  }

  private func store(time: UInt64, at offset: Int) {
    memory.store(time / 1_000_000_000, at: offset)
    memory.store(time % 1_000_000_000, at: offset + 8)
  }

  private func store(path: StaticString, at offset: Int) {
    path.withUTF8Buffer { bytes in
      for (index, byte) in bytes.enumerated() { memory.store(byte, at: offset + index) }
    }
  }

  // MARK: Running

  /// - Parameter publish: called with the status before each step. Returns true to end the load.
  mutating func run(_ publish: (MixedLoad.Status) -> Bool) throws(TargetError) {
    try park()
    try push(.tick) { .timeout(time: $0 + UInt64(Self.tickTime), userData: $1) }
    while !publish(status) { try step() }
    isEnding = true
    try push(.end) { .cancelAll(userData: $1) }
    // The kernel may use `memory` until the last request has completed.
    while inFlight > 0 { try step() }
    _ = publish(status)
  }

  private mutating func step() throws(TargetError) {
    try ring.submitAndWait(nanoseconds: 100_000_000)
    while let completion = ring.pop() { try handle(completion) }
  }

  /// Queues a request of a job. `make` creates the request from the address of `memory` and the
  /// `user_data`.
  private mutating func push(
    _ job: Job, _ make: (_ memory: UInt64, _ userData: UInt64) -> RingRequest
  ) throws(TargetError) {
    sequence += 1
    inFlight += 1
    try ring.push(make(memory.address, UInt64(job.rawValue) << 56 | sequence))
  }

  /// Starts the requests that wait until the load ends: nothing is sent on their sockets.
  private mutating func park() throws(TargetError) {
    let (polled, silent) = (silent.second.number, silent.first.number)
    try push(.parked) { .poll(file: polled, userData: $1) }
    try push(.parked) {
      .receive(file: silent, address: $0 + UInt64(Self.replies), length: 1, userData: $1)
    }
  }

  private mutating func startNext() throws(TargetError) {
    let (file, mine, theirs) = (file.number, echo.first.number, echo.second.number)
    let silent = silent.first.number
    let place = UInt64(Self.replies)
    // Submits queued requests first, because a chain must be in one submission.
    try ring.submit()
    switch ticks % 8 {
    case 0:
      try push(.write) {
        .transfer(
          .write, file: file, offset: 0, memory: .address($0), length: Self.dataSize, userData: $1
        ).linked
      }
      try push(.flush) { .synchronize(file: file, userData: $1) }
    case 1:
      try push(.read) {
        .transfer(
          .read, file: file, offset: 0, memory: .address($0), length: Self.dataSize, userData: $1
        ).asynchronous
      }
    case 2: try push(.open) { .open(path: $0 + UInt64(Self.knownPath), userData: $1) }
    case 3: try push(.missing) { .open(path: $0 + UInt64(Self.missingPath), userData: $1) }
    case 4:
      try push(.broken) {
        .transfer(
          .read, file: -1, offset: 0, memory: .address($0), length: Self.dataSize, userData: $1
        ).linked
      }
      try push(.cancelled) {
        .transfer(
          .write, file: file, offset: 0, memory: .address($0), length: Self.dataSize, userData: $1)
      }
    case 5:
      try push(.receive) {
        .receive(file: mine, address: $0 + place, length: Self.replySize, userData: $1)
      }
    case 6:
      try push(.late) {
        .receive(
          file: silent, address: $0 + place + UInt64(Self.replySize), length: 1, userData: $1
        ).linked
      }
      try push(.timeout) { .linkTimeout(time: $0 + UInt64(Self.lateTime), userData: $1) }
    default:
      try push(.send) { .send(file: theirs, address: $0, length: Self.replySize, userData: $1) }
    }
    ticks += 1
  }

  private mutating func handle(_ completion: Ring.Completion) throws(TargetError) {
    inFlight -= 1
    let job = Job(rawValue: UInt8(completion.userData >> 56))!
    status.completions[job, default: 0] += 1
    if !isExpected(completion.result, of: job) { status.unexpected[job] = completion.result }
    switch job {
    case .tick where completion.result == -ETIME && !isEnding:
      try startNext()
      try push(.tick) { .timeout(time: $0 + UInt64(Self.tickTime), userData: $1) }
    case .open where completion.result >= 0:
      let opened = completion.result
      try push(.close) { .close(file: opened, userData: $1) }
    default: break
    }
  }

  /// True if the result is normal for the job. When the load ends, every request may be cancelled.
  private func isExpected(_ result: Int32, of job: Job) -> Bool {
    if result == -ECANCELED { return isEnding || job == .cancelled || job == .late }
    return switch job {
    case .tick, .timeout: result == -ETIME || result == -EALREADY
    case .write, .read: result == Int32(Self.dataSize)
    case .receive, .send: result == Int32(Self.replySize)
    case .missing: result == -ENOENT
    case .broken: result == -EBADF
    case .flush, .close: result == 0
    case .open: result >= 0
    case .end: result >= 0 || result == -ENOENT
    case .cancelled, .late, .parked: false
    }
  }
}
