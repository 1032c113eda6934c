import CURing

/// Operations of the block layer.
public enum Operation: UInt8, Sendable, Hashable, CaseIterable {
  case read = 0
  case write = 1
  case flush = 2
  case discard = 3
  case writeZeroes = 5
  /// A zero-copy send; only ``BufferWorkload`` has it.
  case send = 254
  /// An operation that we did not announce. Fails with EOPNOTSUPP.
  case unknown = 255

  init(flags: UInt32) {
    let operation = Operation(rawValue: UInt8(truncatingIfNeeded: flags))
    self = operation == .send ? .unknown : operation ?? .unknown
  }

  /// Direction of the data at the backing, nil if there are none.
  var direction: Direction? {
    switch self {
    case .read: .read
    case .write: .write
    default: nil
    }
  }

  /// Name in JSON.
  public var name: String { Self.names[self]! }

  private static let names: [Operation: String] = [
    .read: "read", .write: "write", .flush: "flush", .discard: "discard",
    .writeZeroes: "write_zeroes", .send: "send", .unknown: "unknown",
  ]
}
