import CURing

/// What the block layer asks for.
public enum Operation: UInt8, Sendable, Hashable, CaseIterable {
  case read = 0
  case write = 1
  case flush = 2
  case discard = 3
  case writeZeroes = 5
  /// A zero-copy send, of ``BufferWorkload`` only.
  case send = 254
  /// One that we did not say we have; fails with EOPNOTSUPP.
  case unknown = 255

  init(flags: UInt32) {
    let operation = Operation(rawValue: UInt8(truncatingIfNeeded: flags))
    self = operation == .send ? .unknown : operation ?? .unknown
  }

  /// The way its data go at the backing; nil if it has none.
  var direction: Direction? {
    switch self {
    case .read: .read
    case .write: .write
    default: nil
    }
  }

  /// As in JSON.
  public var name: String { Self.names[self]! }

  private static let names: [Operation: String] = [
    .read: "read", .write: "write", .flush: "flush", .discard: "discard",
    .writeZeroes: "write_zeroes", .send: "send", .unknown: "unknown",
  ]
}
