import CURing
import Glibc

/// The open file that stores the data of the block device.
struct BackingFile: ~Copyable, Sendable {
  private let file: OwnedDescriptor?
  /// True if the file is used without the page cache.
  let isDirect: Bool
  /// True if the file had no contents before, so that unwritten parts read as zeros.
  let isFresh: Bool

  init(_ configuration: Configuration) throws(TargetError) {
    switch configuration.backing {
    case .null:
      self.init(file: nil, isDirect: false, isFresh: true)
    case .memory:
      let number = curing_memory_file("uringtop-ublk")
      guard number >= 0 else { throw .last("cannot make a file in memory") }
      let file = OwnedDescriptor(owning: number)
      try Self.grow(file, to: configuration.size, name: "the memory file")
      self.init(file: file, isDirect: false, isFresh: true)
    case .file(let path):
      try self.init(path: path, configuration)
    }
  }

  private init(file: consuming OwnedDescriptor?, isDirect: Bool, isFresh: Bool) {
    self.file = file
    self.isDirect = isDirect
    self.isFresh = isFresh
  }

  private init(path: String, _ configuration: Configuration) throws(TargetError) {
    // The file is opened without O_DIRECT first, so that a file is created only if it can be used.
    let buffered = try OwnedDescriptor(open: path, O_RDWR | O_CREAT | O_NOCTTY | O_NOFOLLOW)
    var attributes = stat()
    guard fstat(buffered.number, &attributes) == 0 else {
      throw .last("cannot read the attributes of \(path)")
    }
    guard attributes.st_mode & S_IFMT == S_IFREG else {
      throw TargetError(.invalid, "\(path) is not a regular file")
    }
    let isFresh = attributes.st_size == 0
    if !isFresh, configuration.load != nil {
      throw TargetError(
        .invalid, "\(path) is not empty, and the load would overwrite it: use --no-load")
    }
    try Self.grow(buffered, to: configuration.size, name: path)
    // Some file systems refuse O_DIRECT in open(2), others only when reading with this block size.
    // The file is opened again through its descriptor, because the path may now refer to another
    // file.
    let same = "/proc/self/fd/\(buffered.number)"
    if let direct = try? OwnedDescriptor(open: same, O_RDWR | curing_direct_flag()) {
      let probe = try MappedBuffer(count: 4096)
      if probe.read(from: direct.number, at: 0, count: configuration.blockSize) >= 0 {
        self.init(file: direct, isDirect: true, isFresh: isFresh)
        return
      }
    }
    self.init(file: buffered, isDirect: false, isFresh: isFresh)
  }

  /// Nil for a null backing.
  var descriptor: Int32? {
    switch file {
    case .some(let file): file.number
    case .none: nil
    }
  }

  private static func grow(
    _ file: borrowing OwnedDescriptor, to size: UInt64, name: String
  ) throws(TargetError) {
    var attributes = stat()
    guard fstat(file.number, &attributes) == 0 else {
      throw .last("cannot read the attributes of \(name)")
    }
    // A larger file keeps its size, because the user may need the data at its end.
    if UInt64(attributes.st_size) >= size { return }
    guard ftruncate(file.number, off_t(size)) == 0 else { throw .last("cannot grow \(name)") }
  }
}
