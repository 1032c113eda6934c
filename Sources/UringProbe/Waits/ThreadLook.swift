import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords

/// The state of one thread and the event that it waits for, read from /proc.
struct ThreadLook {
  private(set) var wait: ThreadWait
  /// Name of the system call and, on a second line, the kernel function in which the thread sleeps.
  private(set) var call = ""
  private(set) var fd: Int32 = -1
  private(set) var address: UInt64 = 0
  /// Process whose end the thread waits for (waitid, wait4); 0 if it does not wait for one.
  private(set) var other: UInt32 = 0
  let state: UInt8
  let isWorker: Bool

  /// - Parameter isDetailed: false to use only `task`, without reading /proc.
  init(_ task: probe_task, isDetailed: Bool) {
    (wait, state) = Self.state(of: task)
    isWorker = task.flags & UInt32(PROBE_TASK_IO_WORKER) != 0
    guard isDetailed, wait == .unknown, !isWorker else { return }
    let folder = "task/\(task.tid)"
    guard let bytes = Procfs.read(folder + "/syscall", of: task.tgid) else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    guard !text.hasPrefix("running") else {
      wait = .runs
      return
    }
    guard let call = SystemCall(text) else { return }
    let function = Procfs.text("/proc/\(task.tgid)/\(folder)/wchan") ?? ""
    self.call = function.isEmpty || function == "0" ? call.name : call.name + "\n" + function
    fd = call.descriptor ?? -1
    // Only a thread in interruptible sleep can wait for another task of user space.
    guard state == UInt8(ascii: "S") else { return }
    classify(call, function, task.tgid)
  }

  private static func state(of task: probe_task) -> (ThreadWait, UInt8) {
    if task.state >> 16 != 0 { return (.ended, UInt8(ascii: "Z")) }
    let state = task.state & 0xFFFF
    if state & 0x4 != 0 { return (.stopped, UInt8(ascii: "T")) }
    if state & 0x8 != 0 { return (.stopped, UInt8(ascii: "t")) }
    if state & 0x3 == 0 { return (.runs, UInt8(ascii: "R")) }
    return (.unknown, state & 0x1 != 0 ? UInt8(ascii: "S") : UInt8(ascii: "D"))
  }

  private mutating func classify(_ call: SystemCall, _ function: String, _ tgid: UInt32) {
    switch call.purpose {
    case .reads, .writes:
      let timeout = call.purpose == .reads ? SO_RCVTIMEO : SO_SNDTIMEO
      wait = hasTimeout(timeout, tgid) ? .timed : call.purpose == .reads ? .read : .write
    case .sleeps: wait = .timed
    case .futex:
      // FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI2
      guard [0, 6, 9, 13].contains(call.argument(1) & 0x7F) else { return }
      wait = call.argument(3) == 0 ? .futex : .timed
      address = call.argument(0)
    case .waitsForPID: note(child: call.integer(0), of: tgid)
    case .waitsForID: if call.argument(0) == 1 { note(child: call.integer(1), of: tgid) }
    case .entersRing: enterRing(call, function, tgid)
    case .polls, .usesFile, .other: break
    }
  }

  /// Notes that the thread waits for the end of process `child`.
  ///
  /// The ID is from the arguments of the system call, so it belongs to the thread's pid namespace,
  /// which may differ from uringtop's. So it is accepted only if it is the ID of a child of process
  /// `tgid`.
  private mutating func note(child: Int32, of tgid: UInt32) {
    guard child > 0, Procfs.parent(of: UInt32(child)) == tgid else { return }
    wait = .process
    other = UInt32(child)
  }

  private mutating func enterRing(_ call: SystemCall, _ function: String, _ tgid: UInt32) {
    let flags = call.argument(3)
    let (waits, extended, registered, isRegion): (UInt64, UInt64, UInt64, UInt64) = (1, 8, 16, 64)
    // With IORING_ENTER_REGISTERED_RING the first argument is an index of a registered ring, not a
    // descriptor.
    if flags & registered != 0 { fd = -1 }
    let waitFunctions = [
      "io_cqring", "__do_sys_io_uring_enter", "__se_sys", "__x64_sys", "__arm64_sys",
    ]
    guard flags & waits != 0,
      function.isEmpty || function == "0" || waitFunctions.contains(where: function.hasPrefix)
    else { return }
    if flags & isRegion != 0 {
      wait = .timed
    } else if flags & extended != 0 {
      // struct io_uring_getevents_arg, in words: sigmask (2), sigmask_sz, min_wait_usec, ts (2)
      guard let argument = ProcessMemory(tgid).words(at: call.argument(4), count: 6) else { return }
      wait = argument[4] | argument[5] == 0 ? .cqes : .timed
    } else {
      wait = .cqes
    }
  }

  /// True if the file is a socket with a receive or send timeout, so that the call ends by itself.
  private func hasTimeout(_ option: Int32, _ tgid: UInt32) -> Bool {
    guard let name = DescriptorCopy.name(fd, of: tgid), DescriptorCopy.isSocket(name) else {
      return false
    }
    return DescriptorCopy.ask(fd, of: tgid) { descriptor -> Bool? in
      var time = timeval()
      var length = socklen_t(MemoryLayout<timeval>.size)
      guard getsockopt(descriptor, SOL_SOCKET, option, &time, &length) == 0 else { return nil }
      return time.tv_sec != 0 || time.tv_usec != 0
    } ?? false
  }
}

/// Reads the memory of another process.
struct ProcessMemory {
  private let tgid: UInt32

  init(_ tgid: UInt32) { self.tgid = tgid }

  /// Returns 32-bit words at an address; nil unless all their pages are present.
  ///
  /// An absent page may have to be supplied by a program (userfaultfd, FUSE). If that program does
  /// not supply the page, the read never ends, not even with SIGKILL.
  func words(at address: UInt64, count: Int) -> [UInt32]? {
    BoundedCall.run(for: tgid, limit: 500_000_000) { [tgid] in
      Self.read(tgid, address, count)
    } ?? nil
  }

  private static func read(_ tgid: UInt32, _ address: UInt64, _ count: Int) -> [UInt32]? {
    let end = address.addingReportingOverflow(UInt64(count) * 4 - 1)
    guard let offset = off_t(exactly: address), !end.overflow, let pages = PageTable(tgid),
      pages.holds(address...end.partialValue)
    else { return nil }
    let descriptor = open("/proc/\(tgid)/mem", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var words = [UInt32](repeating: 0, count: count)
    let isRead = words.withUnsafeMutableBytes {
      pread(descriptor, $0.baseAddress, $0.count, offset) == $0.count
    }
    return isRead ? words : nil
  }

  /// Returns true if the address is in a private mapping of the process; nil if it is not mapped.
  func isPrivate(_ address: UInt64) -> Bool? {
    guard let maps = Procfs.read("maps", of: tgid, limit: 1 << 22) else { return nil }
    return MapsLine.all(in: maps).first { $0.range.contains(address) }
      .map { $0.permissions.last == "p" }
  }
}
