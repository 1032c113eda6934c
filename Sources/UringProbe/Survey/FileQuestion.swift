import CBPF
import CRecord
import Glibc
import UringBase
import UringTrace

/// A question about a request's file: what is its name, and does the descriptor still refer to it?
struct FileQuestion: Sendable {
  /// The place where the file is looked up.
  enum Lead: Hashable, Sendable {
    /// A descriptor of thread `tid`, which can have a descriptor table of its own. If `tid` is 0, a
    /// descriptor in the process's table.
    case descriptor(tgid: UInt32, tid: UInt32, fd: Int32)
    /// A slot in a ring's table of registered files.
    case registered(ring: UInt64, index: UInt32)
    /// No descriptor of any process refers to the file, and the descriptor in the SQE is not known.
    case nothing(tgid: UInt32)
  }

  var file: FileIdentity
  var lead: Lead
  /// Last time at which the file is known to have been open. It is the time of the request's end,
  /// of its last event while it is in flight, or of the inventory that found it. After this time
  /// the inode number may have been reused.
  var heldUntil: UInt64
  var hasEnded = false
  /// True if an inventory (BPF iterators) has examined all descriptors and none refers to the file.
  var hasNoDescriptor = false

  struct Answer {
    /// Name of the file. If ``isClosed``, name of the file to which the descriptor refers now, or
    /// empty if it refers to none.
    var name: [UInt8]
    /// True if the descriptor no longer refers to the file.
    var isClosed = false
  }

  private enum Reference {
    case theFile, another, nothing
    /// The inode number is that of the file, but it may have been reused by another file.
    case doubtful
    /// The descriptor cannot be examined: permission is missing, or the process has ended.
    case unknown
  }

  /// Returns the answer; nil if it would not be certain.
  ///
  /// - Parameter registered: returns the path of a ring's registered file; nil if unknown.
  func answer(registered: (UInt64, UInt32) -> [UInt8]?) -> Answer? {
    switch lead {
    case .nothing: return Answer(name: [], isClosed: true)
    case .registered(let ring, let index):
      // The table of registered files may have changed since: the path must lead to the same file.
      guard file.ownName == nil, let path = registered(ring, index),
        path.first == UInt8(ascii: "/")
      else { return nil }
      let found = cbpf_open_known(String(decoding: path, as: UTF8.self))
      guard found >= 0 else { return nil }
      defer { close(found) }
      return reference(of: "/proc/self/fd/\(found)", fdinfo: nil) == .theFile
        ? Answer(name: path) : nil
    case .descriptor(let tgid, let tid, let fd): return answer(tgid, tid, fd)
    }
  }

  /// Returns the answer from a descriptor. Examines the descriptor before and after its name is
  /// read, because it may be reused in between.
  private func answer(_ tgid: UInt32, _ tid: UInt32, _ fd: Int32) -> Answer? {
    var process = "/proc/\(tgid)"
    if tid != 0, Procfs.exists("\(process)/task/\(tid)/fd") { process += "/task/\(tid)" }
    let link = "\(process)/fd/\(fd)"
    func look() -> Reference {
      let seen = reference(of: link, fdinfo: "\(process)/fdinfo/\(fd)")
      return seen == .unknown && errno == ENOENT && Procfs.exists("\(process)/fd/.")
        ? .nothing : seen
    }
    let seen = look()
    switch seen {
    case .unknown, .doubtful: return nil
    case .nothing: return hasEnded ? nil : Answer(name: [], isClosed: true)
    case .another, .theFile:
      // After the request's end, a descriptor that refers to another file proves nothing: it may
      // have been closed only after the end.
      guard seen == .theFile || !hasEnded, let name = Procfs.link(link), look() == seen else {
        return nil
      }
      return Answer(name: name, isClosed: seen == .another)
    }
  }

  private func reference(of path: String, fdinfo: String?) -> Reference {
    var status = CBPF.cbpf_status()
    guard cbpf_status(path, &status) else { return .unknown }
    guard status.inode == file.inode, isOnDevice(status, fdinfo: fdinfo) else { return .another }
    guard cbpf_has_generation(path, file.generation) || !canBeYounger(status) else {
      return .doubtful
    }
    // In /proc the two ends of a pipe, and all eventfds, have the same inode. The inventory
    // compares `struct file` pointers, so its result takes precedence.
    return hasNoDescriptor ? .another : .theFile
  }

  private func isOnDevice(_ status: CBPF.cbpf_status, fdinfo: String?) -> Bool {
    let device = DeviceNumber(kernel: file.device)
    if status.major == device.major, status.minor == device.minor { return true }
    // On btrfs and overlayfs stat reports other device numbers than `s_dev`, so the mount is
    // compared.
    guard let fdinfo, let text = Procfs.text(fdinfo), Procfs.field("ino", of: text) == file.inode,
      let number = Procfs.field("mnt_id", of: text)
    else { return false }
    return FileSystems().own.contains { $0.number == number && $0.device == device }
  }

  /// True if the inode may have been created after ``heldUntil``: it may then be another file that
  /// has the same inode number.
  private func canBeYounger(_ status: CBPF.cbpf_status) -> Bool {
    guard status.birth_ns != 0 else { return hasEnded && !file.hasLastingNumber }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let realtime = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    if ClockSteps.haveHappened { return true }
    let age = realtime - status.birth_ns
    // File systems store the time of the last timer tick. A tick can be late if a hypervisor takes
    // the processor away.
    let tick: Int64 = 1_000_000_000
    return age - tick < Int64(MonotonicClock.now().since(heldUntil))
  }
}

extension FileQuestion: Hashable {
  static func == (one: Self, other: Self) -> Bool {
    one.file == other.file && one.lead == other.lead
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(file)
    hasher.combine(lead)
  }
}

extension FileQuestion {
  /// The process that has, or had, the descriptor; 0 for a registered file.
  var process: UInt32 {
    switch lead {
    case .descriptor(let tgid, _, _), .nothing(let tgid): tgid
    case .registered: 0
    }
  }

  /// Name of the file if it is a pipe without a path, `pipe:[7]`; else nil.
  var pipe: String? { file.ownName.flatMap { $0.hasPrefix("pipe:") ? $0 : nil } }

  /// The descriptor; -1 if there is none.
  var descriptor: Int32 {
    if case .descriptor(_, _, let fd) = lead { fd } else { -1 }
  }

  /// A question about the file of a request in the model; nil if the request has no descriptor and
  /// no known slot.
  init?(_ request: Request, ring: UInt64?) {
    guard let file = request.fileIdentity else { return nil }
    let lead: Lead
    switch request.file {
    case .descriptor(let fd)? where fd >= 0 && request.submitterTgid != 0:
      lead = .descriptor(tgid: request.submitterTgid, tid: request.submitterTid, fd: fd)
    case .fixed(let index)?:
      guard let ring else { return nil }
      lead = .registered(ring: ring, index: index)
    default: return nil
    }
    self.init(
      file: file, lead: lead, heldUntil: request.lastTime, hasEnded: request.state.isFinal)
  }

  /// A question about the input file of a SPLICE or TEE.
  init?(inputOf request: Request) {
    // No question if the identity determines the name (`ownName`), as for a pipe. A derived
    // identity is that of the file to which the descriptor referred when the inventory ran.
    guard let file = request.inputIdentity, file.ownName == nil else { return nil }
    let fd = Int32(bitPattern: request.sqe.file_index)
    guard fd >= 0, request.submitterTgid != 0 else { return nil }
    self.init(
      file: file,
      lead: .descriptor(tgid: request.submitterTgid, tid: request.submitterTid, fd: fd),
      heldUntil: request.lastTime, hasEnded: request.state.isFinal)
  }

  /// A question about the file in a slot of a ring's table of registered files.
  init?(_ slot: record_registered_file) {
    guard let file = FileIdentity(slot.file), file.ownName == nil else { return nil }
    self.init(
      file: file, lead: .registered(ring: slot.base.ctx, index: slot.index),
      heldUntil: slot.base.time_ns)
  }

  /// A question about the file of a request that an inventory has found.
  ///
  /// - Parameter holders: for each address of a `struct file`, a process with a descriptor of the
  ///   file, or nil if no process has one. Contains only files whose descriptors the inventory
  ///   searched for.
  init?(_ parked: record_parked, holders: [UInt64: FileHolder?]) {
    guard let file = FileIdentity(parked.file) else { return nil }
    let holder = holders[file.address]
    let hasNone = if case .some(.none) = holder { true } else { false }
    let lead: Lead
    if let holder = holder.flatMap(\.self) {
      lead = .descriptor(tgid: holder.tgid, tid: 0, fd: holder.fd)
    } else if SQEFlags(requestFlags: parked.flags).contains(.fixedFile) {
      guard parked.known & UInt8(RECORD_KNOWS_FD) != 0 else { return nil }
      lead = .registered(ring: parked.base.ctx, index: UInt32(bitPattern: parked.fd))
    } else if parked.hasDescriptorOfSQE {
      lead = .descriptor(tgid: parked.tgid, tid: parked.submitter_tid, fd: parked.fd)
    } else if hasNone {
      lead = .nothing(tgid: parked.tgid)
    } else {
      return nil
    }
    self.init(
      file: file, lead: lead, heldUntil: parked.base.time_ns, hasNoDescriptor: hasNone)
  }
}

extension record_parked {
  /// True if `fd` contains the descriptor from the SQE, not the flags of a CQE, with which the
  /// kernel later overwrites the same field of the request. The descriptor may refer to another
  /// file by now.
  fileprivate var hasDescriptorOfSQE: Bool {
    if known & UInt8(RECORD_KNOWS_FD) != 0 { return fd >= 0 }
    return fd >= 0 && known & UInt8(RECORD_KNOWS_MULTISHOT) == 0 && place != .taskWork
  }
}

/// A process that has a file open, and its descriptor of the file.
struct FileHolder: Sendable, Hashable {
  var tgid: UInt32
  var fd: Int32
}
