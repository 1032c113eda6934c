import CURing

/// Operations of the block layer.
public enum Operation: UInt8, Sendable, Hashable, CaseIterable {
  case read = 0
  case write = 1
  case flush = 2
  case discard = 3
  case writeZeroes = 5
  /// A zero-copy send. Only ``BufferWorkload`` uses it; the block layer has no such operation.
  case send = 254
  /// An operation that the device does not support. It fails with EOPNOTSUPP.
  case unknown = 255

  init(flags: UInt32) {
    let operation = Operation(rawValue: UInt8(truncatingIfNeeded: flags))
    self = operation == .send ? .unknown : operation ?? .unknown
  }

  /// Direction of the transfer at the backing file. Nil if the operation has no data.
  var direction: Direction? {
    switch self {
    case .read: .read
    case .write: .write
    default: nil
    }
  }

  /// The name in JSON output.
  public var name: String { Self.names[self]! }

  private static let names: [Operation: String] = [
    .read: "read", .write: "write", .flush: "flush", .discard: "discard",
    .writeZeroes: "write_zeroes", .send: "send", .unknown: "unknown",
  ]
}
