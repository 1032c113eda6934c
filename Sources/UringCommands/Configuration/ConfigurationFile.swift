import CProcess
import Glibc
import Synchronization
import SystemPackage
import UringBase
import UringConfiguration
import UringRecordings
import UringSources
import UringUI

/// The file with the user's configuration: read at the start, and written when the user changes
/// columns or the interval.
final class ConfigurationFile: Sendable {
  /// The file's name without its folders, for messages.
  let name: String
  private let place: ConfigurationPlace
  private let state: Mutex<State>

  private struct State {
    var document = TOMLDocument([])
    /// Version of the file when it was last read or written; nil if there was no file.
    var version: Version?
    /// The reason why the file could not be read; nil if it was read. A file that could not be read
    /// is never written.
    var failure: String?
    /// True once the user has been told that changes are not kept.
    var hasComplained = false
  }

  /// The file's inode and modification time, by which changes by another program are detected.
  private struct Version: Hashable {
    var inode: UInt64
    var seconds: Int
    var nanoseconds: Int

    init(_ status: stat) {
      (inode, seconds) = (UInt64(status.st_ino), status.st_mtim.tv_sec)
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  private static let mostBytes = 1 << 20

  /// - Parameter isNamed: true if the user named this file. Then it must exist.
  init(_ place: ConfigurationPlace, isNamed: Bool) {
    self.place = place
    name = place.name
    var state = State()
    do throws(Unreadable) {
      if let (bytes, version) = try Self.read(place) {
        state.document = TOMLDocument(bytes)
        state.version = version
      } else if isNamed {
        throw Unreadable("No such file or directory")
      }
    } catch {
      state.failure = error.reason
    }
    self.state = Mutex(state)
  }

  /// The configuration, and an error message if the file could not be read.
  var contents: (Configuration, failure: String?) {
    state.withLock { state in
      (Configuration(state.document), state.failure.map { "\(name) is not read: \($0)" })
    }
  }

  /// The mistake with its position: `config.toml:3:9: message`.
  func describe(_ mistake: Mistake) -> String {
    let (line, column) = state.withLock { $0.document.position(of: mistake.offset) }
    return "\(name):\(line):\(column): \(mistake.message)"
  }

  // MARK: Reading

  private struct Unreadable: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    /// The reason that `errno` gives.
    init() { reason = Errno(rawValue: errno).description }
  }

  /// - Returns: nil if there is no file.
  private static func read(
    _ place: ConfigurationPlace
  ) throws(Unreadable) -> ([UInt8], Version)? {
    let sudoUser = SudoUser.current
    guard let folder = place.openFolder(owner: sudoUser?.owner) else {
      if errno == ENOENT { return nil }
      throw Unreadable()
    }
    // O_NONBLOCK keeps `openat` from waiting for the other end of a FIFO, O_NOCTTY keeps it from
    // acquiring a controlling terminal.
    let link = sudoUser == nil ? 0 : O_NOFOLLOW
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | link
    let descriptor = openat(folder.descriptor, place.name, flags)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw Unreadable()
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Unreadable() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Unreadable("it is not a regular file") }
    if let sudoUser, ![0, sudoUser.uid].contains(status.st_uid) {
      throw Unreadable("it belongs to another user")
    }
    guard mayRead(descriptor) else { throw Unreadable("Permission denied") }
    guard let bytes = Procfs.contents(of: descriptor, limit: mostBytes + 1) else {
      throw Unreadable()
    }
    guard bytes.count <= mostBytes else { throw Unreadable("it is larger than 1 MiB") }
    return (bytes, Version(status))
  }

  /// True if the user who started uringtop may read the file. Capabilities of the program do not
  /// count, because error messages quote parts of the file.
  private static func mayRead(_ descriptor: Int32) -> Bool {
    getuid() == 0 || process_capabilities() == 0 || access("/proc/self/fd/\(descriptor)", R_OK) == 0
  }

  // MARK: Writing

  /// Writes a change into the file. Only the first change that cannot be written is reported.
  func keep(_ change: ConfigurationChange) -> Notice? {
    state.withLock { state in
      do throws(Unreadable) {
        try Self.write(change, place, &state)
        return nil
      } catch {
        defer { state.hasComplained = true }
        return state.hasComplained
          ? nil
          : Notice(
            "changes are not kept for the next start: \(name): \(error.reason)", isError: true)
      }
    }
  }

  private static func write(
    _ change: ConfigurationChange, _ place: ConfigurationPlace, _ state: inout State
  ) throws(Unreadable) {
    if let failure = state.failure { throw Unreadable(failure) }
    let sudoUser = SudoUser.current?.owner
    guard let folder = place.openFolder(owner: sudoUser, makesFolders: true) else {
      throw Unreadable()
    }
    let status = folder.status(of: place.name)
    if let status, status.st_mode & S_IFMT != S_IFREG {
      throw Unreadable(
        status.st_mode & S_IFMT == S_IFLNK ? "it is a link" : "it is not a regular file")
    }
    if status.map(Version.init) != state.version {
      // Reads the file again, so that the changes of the other program stay.
      let read: ([UInt8], Version)?
      do throws(Unreadable) { read = try Self.read(place) } catch {
        throw Unreadable("another program has changed it")
      }
      state.document = TOMLDocument(read?.0 ?? [])
      state.version = read?.1
    }
    var document = state.document
    document.set(change)
    let owner = sudoUser.flatMap { folder.belongs(to: $0) ? $0 : nil }
    do throws(OutputError) {
      try OutputFile.replace(
        place.name, in: folder.descriptor, with: document.bytes, owner: owner,
        mode: status.map { $0.st_mode & 0o777 } ?? 0o600)
    } catch {
      throw Unreadable(error.errno.description)
    }
    state.document = document
    state.version = folder.status(of: place.name).map(Version.init)
  }
}

extension TOMLDocument {
  fileprivate mutating func set(_ change: ConfigurationChange) {
    switch change {
    case .interval(let interval):
      set(["interval"], to: Self.string(Figures.wholeDuration(interval)))
    case .table(let change):
      let path = ["tables", change.table]
      if let columns = change.columns { set(path + ["columns"], to: Self.array(columns)) }
      if let sort = change.sort { set(path + ["sort"], to: Self.string(sort)) }
    }
  }
}
