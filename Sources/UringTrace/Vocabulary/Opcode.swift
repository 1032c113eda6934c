/// An `IORING_OP_*` number. Stable ABI on mainline kernels (include/uapi/linux/io_uring.h).
public struct Opcode: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Finds an opcode by name, such as `READ_FIXED`: in upper or lower case, with or without
  /// `IORING_OP_`. Also accepts `OP_77`.
  public init?(name: String) {
    var name = name.uppercased()
    if name.hasPrefix("IORING_") { name.removeFirst(7) }
    if name.hasPrefix("OP_") {
      name.removeFirst(3)
      if let number = UInt8(name) {
        rawValue = number
        return
      }
    }
    guard let index = OpcodeProperties.table.firstIndex(where: { $0.name == name }) else {
      return nil
    }
    rawValue = UInt8(index)
  }

  package static let splice = Opcode(rawValue: 30)
  package static let tee = Opcode(rawValue: 33)
  public static let linkTimeout = Opcode(rawValue: 15)
  package static let futexWait = Opcode(rawValue: 51)
  package static let futexWaitV = Opcode(rawValue: 53)

  /// Name without `IORING_OP_`; `OP_77` for a number without a name.
  public var name: String {
    Int(rawValue) < OpcodeProperties.table.count ? properties.name : "OP_\(rawValue)"
  }

  /// All opcodes that have a name, in numeric order.
  public static var all: [Opcode] {
    OpcodeProperties.table.indices.map { Opcode(rawValue: UInt8($0)) }
  }

  /// True for URING_CMD and its variant with 128-byte SQEs, URING_CMD128: a command of the file's
  /// driver.
  public var isDriverCommand: Bool { rawValue == 46 || rawValue == 64 }

  /// The opcode's properties; defaults for an opcode without a name.
  public var properties: OpcodeProperties { isKnown ? OpcodeProperties.table[row] : .unknown }

  private var row: Int { Int(rawValue) }
  private var isKnown: Bool { row < OpcodeProperties.table.count }

  // Single properties, for loops over long histories. These accessors do not copy the whole
  // ``OpcodeProperties``.

  /// See ``OpcodeProperties/hasFile``.
  public var hasFile: Bool { isKnown && OpcodeProperties.table[row].hasFile }

  /// See ``OpcodeProperties/direction``.
  public var direction: OpcodeProperties.Direction {
    isKnown ? OpcodeProperties.table[row].direction : .none
  }

  /// See ``OpcodeProperties/length``.
  public var length: OpcodeProperties.Length {
    isKnown ? OpcodeProperties.table[row].length : .none
  }

  /// See ``OpcodeProperties/usesFixedBuffer``.
  public var usesFixedBuffer: Bool { isKnown && OpcodeProperties.table[row].usesFixedBuffer }

  /// See ``OpcodeProperties/isZeroCopySend``.
  public var isZeroCopySend: Bool { isKnown && OpcodeProperties.table[row].isZeroCopySend }

  /// The file that an SQE of this opcode names; nil for opcodes without a file.
  func fileReference(in sqe: SQE, isKnown: Bool) -> FileReference? {
    guard isKnown, hasFile else { return nil }
    return SQEFlags(rawValue: sqe.flags).contains(.fixedFile)
      ? .fixed(UInt32(bitPattern: sqe.fd)) : .descriptor(sqe.fd)
  }

  var isFileWrite: Bool {
    direction == .write && properties.flags?.name == "rw_flags"
  }
}

extension Opcode {
  /// True if a result is an error. A timeout normally ends with -ETIME and an unneeded link timeout
  /// with -ECANCELED: neither counts as an error.
  public func isError(_ result: Int32) -> Bool {
    result < 0 && !properties.normalErrors.contains(result)
  }
}
