import Glibc
import Synchronization
import SystemPackage
import UringBase
import UringRecordings
import UringTrace

/// A stream of records that is open and whose header has arrived.
public final class OpenStream: Sendable {
  public let header: RecordingHeader
  private let descriptor: Int32
  /// True for a file that may grow; its end is only the end so far.
  private let grows: Bool
  /// Given away once, by ``takeStream()``.
  private let stream: Mutex<RecordStream>

  /// Nanoseconds between two looks at a file that grows.
  private static let pause: UInt32 = 50_000

  /// Reads until the header has arrived.
  ///
  /// - Parameter descriptor: closed when the stream is released.
  public init(_ descriptor: Int32) throws(RecordingError) {
    self.descriptor = descriptor
    var status = stat()
    grows = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    var stream = RecordStream()
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while stream.header == nil {
      let count = Self.read(descriptor, grows: false, into: &chunk)
      guard count >= 0 else {
        let error = SystemPackage.Errno(rawValue: errno)
        close(descriptor)
        throw .cannotRead(error)
      }
      guard count > 0 else {
        close(descriptor)
        throw .truncatedHeader
      }
      do throws(RecordingError) {
        try stream.append(chunk[..<count])
      } catch {
        close(descriptor)
        throw error
      }
    }
    guard let header = stream.header else { throw .truncatedHeader }
    self.header = header
    self.stream = Mutex(stream)
  }

  deinit { close(descriptor) }

  /// The stream as it is behind the header. For one caller, once.
  func takeStream() -> RecordStream {
    stream.withLock { stream in
      defer { stream = RecordStream() }
      return stream
    }
  }

  /// Waits for bytes.
  ///
  /// - Returns: their number; 0 at the end, negative after an error.
  func read(into chunk: inout [UInt8]) -> Int { Self.read(descriptor, grows: grows, into: &chunk) }

  private static func read(_ descriptor: Int32, grows: Bool, into chunk: inout [UInt8]) -> Int {
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count == 0, grows else { return count }
      usleep(pause)
    }
  }
}
