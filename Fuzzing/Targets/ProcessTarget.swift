import CProbe
import CRecord
import FuzzDriver
import Glibc
import UringBase
import UringRecords
import UringTrace

@testable import UringProbe

/// Files of /proc, as root sees them: this target has an empty file system there.
///
/// An input is a list of files. Each begins with a line `=== NAME`; a name that no parser reads is passed over.
enum ProcessTarget: Target {
  static let name = "proc"
  static let longest = 4096

  /// No process has this id: calls about it that are no reads of files fail.
  private static let id: UInt32 = 1_073_741_823
  private static let folder = "/proc/\(id)"

  static let names = [
    "stat", "status", "limits", "maps", "comm", "schedstat", "syscall", "wchan", "fdinfo", "tcp",
    "tcp6", "kallsyms",
    "io_uring_disabled",
  ]

  private static func path(_ name: String) -> String {
    switch name {
    case "syscall", "wchan": "\(folder)/task/\(id)/\(name)"
    case "tcp", "tcp6": "\(folder)/net/\(name)"
    case "fdinfo": "\(folder)/fdinfo/5"
    case "kallsyms": "/proc/kallsyms"
    case "io_uring_disabled": "/proc/sys/kernel/\(name)"
    default: "\(folder)/\(name)"
    }
  }

  static func prepare() {
    let code = driver_hide("/proc")
    guard code == 0 else {
      fatalError("an empty /proc needs root: \(String(cString: strerror(code)))")
    }
    for folder in [
      folder, "\(folder)/task", "\(folder)/task/\(id)", "\(folder)/net", "\(folder)/fdinfo",
      "/proc/sys",
      "/proc/sys/kernel",
    ] { mkdir(folder, 0o755) }
  }

  static func run(_ input: UnsafeRawBufferPointer) {
    let files = ProcessFiles(input, names: names)
    for file in files.files { write(file.text, to: path(file.name)) }
    defer { for file in files.files { unlink(path(file.name)) } }
    readProcess()
    readThread()
    readKernel()
    for file in files.files { readText(String(decoding: file.text, as: UTF8.self)) }
  }

  private static func write(_ text: ArraySlice<UInt8>, to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = text.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }

  private static func readProcess() {
    _ = Procfs.isEnding(id)
    _ = Procfs.isStopped(id)
    _ = Procfs.parent(of: id)
    var records = RecordBuffer()
    var limits = LimitReader()
    limits.read([id], into: &records)
    var parked = record_parked()
    parked.base.opcode = 22
    parked.addr = 0x7f00_0000_0000
    parked.len = 4096
    parked.tgid = id
    parked.known = UInt8(RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN)
    MemoryLook.look(at: [parked], into: &records)
    _ = ProcessMemory(id).isPrivate(0x7f00_0000_0000)
    var pools = WorkerPools()
    var worker = probe_worker()
    (worker.tid, worker.tgid) = (id, id)
    pools.note([worker], of: [id], at: 1, into: &records)
    var names = NameResolver()
    names.resolve([.thread(tid: id, tgid: id)], rings: [:], into: &records)
    let file = record_file_identity(
      file: 1, inode: 4711, device: 8, generation: 0, file_system: 0x534F_434B, mode: 0o140777,
      anonymous: .none)
    if let identity = FileIdentity(file) { _ = ClosedFile.description(of: identity, in: id) }
  }

  private static func readThread() {
    _ = ScheduledThread(id)
    let task = probe_task(tid: id, tgid: id, flags: 0, state: 1, ran_ns: 1)
    _ = ThreadLook(task, isDetailed: true)
  }

  private static func readKernel() {
    var symbols = KernelSymbols()
    _ = symbols.address(of: "pipefs_ops")
    var stack = probe_stack()
    stack.size = 24
    withUnsafeMutableBytes(of: &stack.frames) {
      $0.storeBytes(of: 0xffff_ffff_8110_0010, as: UInt64.self)
      $0.storeBytes(of: UInt64.max, toByteOffset: 8, as: UInt64.self)
    }
    _ = symbols.describe(stack)
  }

  private static func readText(_ text: String) {
    for link in [
      "anon_inode:[eventfd]", "anon_inode:[timerfd]", "anon_inode:[signalfd]",
      "anon_inode:[eventpoll]",
      "anon_inode:inotify", "anon_inode:[pidfd]",
    ] { _ = AnonymousDescription(link, text).text }
    if var list = ProcessorList(text) {
      list.formUnion(list)
      _ = list.isSuperset(of: list)
      _ = list.text
    }
  }

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    var files = input.withUnsafeBytes { ProcessFiles($0, names: names) }
    guard !files.files.isEmpty, random.below(2) == 0 else { return nil }
    files.change(&random)
    return Array(files.bytes.prefix(limit))
  }
}
