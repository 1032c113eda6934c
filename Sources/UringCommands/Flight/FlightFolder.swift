import Glibc
import SystemPackage
import UringBase
import UringRecordings

/// The folder of a flight recorder: its lock, and the files that it has written.
///
/// The file `.uringtop-recorder` lists the names of these files, one a line, the oldest first. The
/// running recorder holds a lock on this list, through which `uringtop freeze` finds the recorder's
/// process. Only listed files are ever removed.
final class FlightFolder {
  let path: String
  private let list: Int32
  private(set) var names: [String]

  private static let listName = ".uringtop-recorder"
  /// Maximum number of bytes of the list that are read.
  private static let longestList = 1 << 20

  /// Creates the folder if it is missing, and takes its lock.
  init(locking path: String) throws(Failure) {
    self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    let owner = SudoUser.current?.owner
    if mkdir(path, 0o700) == 0 {
      if let owner { _ = chown(path, owner.uid, owner.gid) }
    } else if errno != EEXIST {
      throw Self.failure(path)
    }
    list = open("\(self.path)/\(Self.listName)", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard list >= 0 else { throw Self.failure(path) }
    names = []
    var lock = Self.wholeFile
    guard fcntl(list, F_SETLK, &lock) == 0 else {
      let isTaken = errno == EACCES || errno == EAGAIN
      let failure =
        isTaken
        ? Failure(ExitStatus.cannotCreate, "another recorder writes to \(path)")
        : Self.failure(path)
      close(list)
      throw failure
    }
    // Reads through the locked descriptor: closing another descriptor of the list would release the
    // lock.
    names = Self.names(in: self.path, listedIn: list)
  }

  deinit { close(list) }

  /// Adds a file that was just written. Removes the oldest files that exceed the limits, but never
  /// the new one.
  ///
  /// - Returns: the names of the removed files.
  func add(_ name: String, mostFiles: Int, mostBytes: UInt64) -> [String] {
    names.append(name)
    var removed: [String] = []
    var sizes = names.map { Self.size("\(path)/\($0)") }
    while names.count > 1, names.count > mostFiles || sizes.reduce(0, +) > mostBytes {
      let oldest = names.removeFirst()
      sizes.removeFirst()
      if unlink("\(path)/\(oldest)") == 0 { removed.append(oldest) }
    }
    store()
    return removed
  }

  /// An unused name in the folder for a file, composed of time, host and reason.
  func freeName(at realtime: UInt64, reason: String) -> String {
    let name = "uringtop-\(UTCTime.word(realtime))-\(Self.host)-\(Self.word(reason))"
    var candidate = "\(name).uring"
    var number = 2
    while access("\(path)/\(candidate)", F_OK) == 0, number < 1_000 {
      candidate = "\(name)-\(number).uring"
      number += 1
    }
    return candidate
  }

  private func store() {
    let text = Array((names.joined(separator: "\n") + "\n").utf8)
    // If the list cannot be stored, a later recorder leaves the new files in the folder, because it
    // removes only listed files.
    guard ftruncate(list, 0) == 0 else { return }
    _ = text.withUnsafeBytes { pwrite(list, $0.baseAddress, $0.count, 0) }
  }

  // MARK: For others

  /// The id of the process that holds the folder's lock; nil if there is none.
  static func recorder(of path: String) throws(Failure) -> pid_t? {
    let list = open("\(path)/\(listName)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard list >= 0 else {
      if errno == ENOENT { return nil }
      let error = SystemPackage.Errno(rawValue: errno)
      throw Failure(ExitStatus.noInput, "\(path): \(error)")
    }
    defer { close(list) }
    var lock = wholeFile
    guard fcntl(list, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK), lock.l_pid > 0 else {
      return nil
    }
    return lock.l_pid
  }

  /// The listed names that have the form of a recorder's file names and whose files still exist.
  static func names(in path: String) -> [String] {
    let list = open("\(path)/\(listName)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard list >= 0 else { return [] }
    defer { close(list) }
    return names(in: path, listedIn: list)
  }

  private static func names(in path: String, listedIn list: Int32) -> [String] {
    var bytes = [UInt8](repeating: 0, count: longestList)
    let count = bytes.withUnsafeMutableBytes { pread(list, $0.baseAddress, $0.count, 0) }
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    return text.split(separator: "\n").map(String.init).filter { name in
      name.hasPrefix("uringtop-") && name.hasSuffix(".uring") && !name.contains("/")
        && access("\(path)/\(name)", F_OK) == 0
    }
  }

  private static var wholeFile: flock {
    flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
  }

  private static func failure(_ path: String) -> Failure {
    Failure(
      OutputError(path: path, errno: SystemPackage.Errno(rawValue: errno), operation: .create))
  }

  private static func size(_ path: String) -> UInt64 {
    var status = stat()
    return lstat(path, &status) == 0 ? UInt64(status.st_size) : 0
  }

  // MARK: Names

  /// The machine's name, or `host` if it has none.
  private static var host: String {
    var name = [CChar](repeating: 0, count: 65)
    guard gethostname(&name, name.count - 1) == 0 else { return "host" }
    let text = word(
      String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    return text.isEmpty ? "host" : text
  }

  /// The text reduced to letters, digits, points and single hyphens, at most 40 characters:
  /// `p99>50ms` becomes `p99-50ms`.
  static func word(_ text: String) -> String {
    var word = ""
    for character in text.unicodeScalars {
      let isPlain =
        character.isASCII && character.properties.isAlphabetic
        || ("0"..."9").contains(character) || character == "."
      if isPlain {
        word.unicodeScalars.append(character)
      } else if !word.isEmpty, !word.hasSuffix("-") {
        word += "-"
      }
    }
    while word.hasSuffix("-") || word.hasSuffix(".") { word.removeLast() }
    return String(word.prefix(40))
  }
}
