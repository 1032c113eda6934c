import Glibc
import UringBase

extension Procfs {
  /// Number of possible NUMA nodes. The file contains a list such as "0" or "0-3".
  static var possibleNodes: UInt32 {
    let text = text("/sys/devices/system/node/possible")?.trimmingNewline() ?? "0"
    return (text.split { $0 == "-" || $0 == "," }.last.flatMap { UInt32($0) } ?? 0) + 1
  }

  /// Reads a file of /proc/PID for which the kernel takes a lock of the process; nil if the file
  /// cannot be read within two seconds.
  ///
  /// A process in execve holds that lock until its files are closed. A program that serves one of
  /// the files (FUSE) can delay this.
  static func read(_ name: String, of tgid: UInt32, limit: Int = 1 << 20) -> [UInt8]? {
    BoundedCall.run(for: tgid, limit: 2_000_000_000) {
      read("/proc/\(tgid)/\(name)", limit: limit)
    } ?? nil
  }

  /// Returns the number in the line `name:` of a status file; nil if there is none.
  static func field(_ name: String, of text: String, radix: Int = 10) -> UInt64? {
    for line in lines(text) where line.hasPrefix("\(name):") {
      let value = line.dropFirst(name.utf8.count + 1).split { $0 == "\t" || $0 == " " }.first
      return value.flatMap { UInt64($0, radix: radix) }
    }
    return nil
  }

  /// Returns the name of a thread, or of a process's first thread, on one line; nil if the thread
  /// or process does not exist.
  static func comm(of id: some BinaryInteger) -> String? {
    read("/proc/\(id)/comm").map { oneLine($0.dropLast()) }
  }

  /// Returns the parent of a process; nil if the process does not exist.
  static func parent(of tgid: UInt32) -> UInt32? {
    guard let status = text("/proc/\(tgid)/status") else { return nil }
    return field("PPid", of: status).map(UInt32.init(truncatingIfNeeded:))
  }

  /// True if a process does not exist, is exiting, or is a zombie.
  static func isEnding(_ tgid: UInt32) -> Bool {
    guard let fields = fields(ofProcess: tgid) else { return true }
    guard fields.count > 6, let flags = UInt64(fields[6]) else { return false }
    let exiting: UInt64 = 0x4  // PF_EXITING
    return fields[0] == "Z" || fields[0] == "X" || flags & exiting != 0
  }

  /// True if a signal or a debugger has stopped the first thread of a process.
  static func isStopped(_ tgid: UInt32) -> Bool {
    guard let state = fields(ofProcess: tgid)?.first else { return false }
    return state == "T" || state == "t"
  }

  /// Returns the fields of /proc/PID/stat from the state on: state, five numbers, flags, and more;
  /// nil if the process does not exist.
  static func fields(ofProcess tgid: UInt32) -> [Substring]? {
    text("/proc/\(tgid)/stat").map(statFields)
  }
}

extension String {
  func trimmingNewline() -> String {
    var text = Substring(self)
    while text.last?.isNewline == true { text.removeLast() }
    return String(text)
  }
}

/// Returns the message for an errno.
func errorText(_ code: Int32) -> String {
  CString.error(code)
}
