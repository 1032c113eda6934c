import FoundationEssentials
import SystemPackage

/// Splits a file into lines. The file is read in pieces.
struct TraceLines {
  enum Next {
    /// `isTerminated` is false for a last line without a newline.
    case line(Data, isTerminated: Bool)
    case end
    case failure(RecordingFlaw)
  }

  private let contents: FileContents
  /// Offset of the next line.
  private var offset = 0
  /// Bytes of the file in memory. ``pieceStart`` is their offset in the file.
  private var piece: FileBytes?
  private var pieceStart = 0
  /// Number of the last line returned, from 1.
  private(set) var number: UInt64 = 0

  private static let longest = TraceLineReader.longest
  private static let pieceSize = 1 << 22

  init(_ contents: FileContents) { self.contents = contents }

  var isAtEnd: Bool { offset >= contents.count }

  mutating func next() -> Next {
    guard !isAtEnd else { return .end }
    do throws(Errno) {
      guard let rest = try rest() else { return .failure(.changed) }
      number += 1
      let end = rest.prefix(Self.longest).firstIndex(of: UInt8(ascii: "\n"))
      guard end != nil || rest.count < Self.longest else {
        return .failure(.corrupt(place: number, isLine: true))
      }
      let length = end ?? rest.count
      offset += length + (end == nil ? 0 : 1)
      return .line(
        Data(UnsafeRawBufferPointer(rebasing: rest[..<length])), isTerminated: end != nil)
    } catch {
      return .failure(.cannotRead(error))
    }
  }

  /// Bytes from the start of the next line: enough for the longest line, or the rest of the file.
  /// Nil if the file has become shorter.
  private mutating func rest() throws(Errno) -> UnsafeRawBufferPointer? {
    let wanted = min(contents.count, offset + Self.longest)
    if wanted > pieceStart + (piece?.bytes.count ?? 0) {
      piece = nil
      piece = try contents.piece(offset..<min(contents.count, offset + Self.pieceSize))
      pieceStart = offset
    }
    return piece.map { UnsafeRawBufferPointer(rebasing: $0.bytes[(offset - pieceStart)...]) }
  }
}
