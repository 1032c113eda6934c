import Glibc
import Synchronization
import SystemPackage
import UringBase
import UringRecordings
import UringTrace

/// An open stream of records whose header has arrived.
public final class OpenStream: Sendable {
  public let header: RecordingHeader
  private let descriptor: Int32
  /// True for a regular file: at its end, more bytes may be written later.
  private let grows: Bool
  /// The parser of the stream, which has consumed the header.
  private let stream: Mutex<RecordStream>

  /// Microseconds between two reads at the end of a file that may grow.
  private static let pause: UInt32 = 50_000

  /// Reads from the descriptor until the header has arrived.
  ///
  /// - Parameter descriptor: is closed when this object is released, or if the initializer throws.
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

  /// Returns the parser of the stream, positioned behind the header. Must be called only once.
  func takeStream() -> RecordStream {
    stream.withLock { stream in
      defer { stream = RecordStream() }
      return stream
    }
  }

  /// Waits until bytes arrive and reads them.
  ///
  /// - Returns: the number of bytes; 0 at the end of the stream, negative after an error.
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
