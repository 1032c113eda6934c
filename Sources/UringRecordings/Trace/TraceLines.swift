import FoundationEssentials
import SystemPackage

/// The lines of a file, of which little is in memory.
struct TraceLines {
  enum Next {
    /// `isTerminated` is false for a last line without its end.
    case line(Data, isTerminated: Bool)
    case end
    case failure(RecordingFlaw)
  }

  private let contents: FileContents
  /// Where the next line begins.
  private var offset = 0
  /// Bytes of the file, and where they begin.
  private var piece: FileBytes?
  private var pieceStart = 0
  /// Of the line last returned, from 1.
  private(set) var number: UInt64 = 0

  /// A line has a record of 64 KiB at most; each byte of a name takes six characters at most.
  private static let longest = 1 << 20
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

  /// The longest line's bytes from the next line on, or what is left of the file; nil if the file has become shorter.
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
