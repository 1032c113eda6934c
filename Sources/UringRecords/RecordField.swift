import CRecord

/// A field of a record, and its members in JSON.
public struct RecordField: Sendable {
  /// An integer within a record.
  public struct Scalar: Hashable, Sendable {
    public let offset: Int
    public let width: Int
    public let isSigned: Bool

    init(_ offset: Int, width: Int, isSigned: Bool = false) {
      self.offset = offset
      self.width = width
      self.isSigned = isSigned
    }

    /// The value in the record, sign-extended if it is signed.
    public func load(from record: UnsafeRawPointer) -> UInt64 {
      switch width {
      case 1: UInt64(record.load(fromByteOffset: offset, as: UInt8.self))
      case 2: UInt64(record.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      case 4:
        isSigned
          ? UInt64(
            bitPattern: Int64(record.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
          : UInt64(record.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      default: record.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
    }

    /// Stores the low bytes of a value.
    public func store(_ value: UInt64, in record: UnsafeMutableRawPointer) {
      let target = record + offset
      switch width {
      case 1: target.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
      case 2: target.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
      case 4: target.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
      default: target.storeBytes(of: value, as: UInt64.self)
      }
    }

    public var maximum: UInt64 { UInt64.max >> UInt64(64 - 8 * width) }
  }

  public enum Format: Sendable {
    case integer
    /// A string, `"0x…"`.
    case hex
    case boolean
    /// Text of a `char` array, up to its zero.
    case text(capacity: Int)
    /// 64-bit words, each hex.
    case words(count: Int)
    /// `IORING_SETUP_*`, a list of names.
    case setupFlags
    /// `IOSQE_*`, a list of names.
    case sqeFlags
    /// `REQ_F_*`: a list of names, `flags`, and the bits.
    case requestFlags
    /// One of the names.
    case choice(RecordVocabulary)
    /// A list of names.
    case bits(RecordVocabulary)
    /// The member of this name that all lines have.
    case line
    case object([RecordField])
    /// Text behind the struct; the field is its length in bytes.
    case trailingText(limit: Int)
    /// Pairs of numbers behind the struct; the field is their number.
    case trailingPairs
  }

  /// Members derived from a value: written, but not read.
  public enum Derived: Sendable {
    case errno, cqeFlags, registerName, ublkCommand, fuseCommand, cmdOp
  }

  /// The kind of substitute for a value that can identify a machine or its users.
  public enum Redaction: Sendable {
    /// None: the value identifies nothing and stays.
    case plain
    /// An address in the kernel.
    case kernel
    /// An address in a process, or an application's number that can be an address.
    case user
    /// As ``user``, but 32-bit numbers stay, because drivers give them a meaning.
    case word
    /// Words of an SQE, whose meaning depends on the opcode.
    case off, addr, addr3, pad2
    /// Words of the argument of io_uring_register.
    case argument
    /// CLOCK_MONOTONIC.
    case time
    /// An inode number.
    case inode
    /// Another number that is only compared for equality.
    case number
    /// The name of a thread.
    case comm
    /// Names of files and descriptions of sockets and the like.
    case text
    /// Frames of a stack in a process.
    case frames
    /// Frames of the kernel's stack: names of functions stay, addresses do not.
    case addresses
    /// Data of the application.
    case erase
  }

  /// Values that are null in JSON.
  public enum Null: Sendable {
    /// All bits are set.
    case maximum
    case negative
    /// The first field of an object is 0.
    case zero
  }

  /// A second member gets the value if bits of another field are set; one of the two members is null.
  public struct Alternative: Sendable {
    public let name: StaticString
    public let selector: Scalar
    private let mask: UInt64
    /// True if the selector has no member of its own: it is 1 if this member is not null.
    public let isHidden: Bool

    init(name: StaticString, selector: Scalar, mask: Int, isHidden: Bool) {
      self.name = name
      self.selector = selector
      self.mask = UInt64(bitPattern: Int64(mask))
      self.isHidden = isHidden
    }

    public func isSelected(in record: UnsafeRawPointer) -> Bool {
      selector.load(from: record) & mask != 0
    }
  }

  /// Name of the member.
  public let name: StaticString
  public let scalar: Scalar
  public let format: Format
  public let derived: Derived?
  public let null: Null?
  /// The member is missing if these bytes are zero.
  public let omitted: Range<Int>?
  /// True if the field was added after its kind: missing in older records and traces, where it is 0.
  public let isAdded: Bool
  public let alternative: Alternative?
  /// The member is missing if this is 0.
  public let condition: Scalar?
  /// True if any 64-bit number is valid, see ``RecordBounds``.
  let isAny: Bool
  /// True if the numbers of all records are summed.
  let isSummed: Bool
  public let redaction: Redaction

  init(
    _ name: StaticString, _ scalar: Scalar, _ format: Format, derived: Derived? = nil,
    null: Null? = nil, omitted: Range<Int>? = nil, isAdded: Bool = false,
    alternative: Alternative? = nil, condition: Scalar? = nil, isAny: Bool = false,
    isSummed: Bool = false, redaction: Redaction = .plain
  ) {
    self.name = name
    self.scalar = scalar
    self.format = format
    self.derived = derived
    self.null = null
    self.omitted = omitted
    self.isAdded = isAdded
    self.alternative = alternative
    self.condition = condition
    self.isAny = isAny
    self.isSummed = isSummed
    self.redaction = redaction
  }

  /// Offset behind the field; the field is in the record if this is at most the record's size.
  public var end: Int {
    switch format {
    case .text(let capacity): scalar.offset + capacity
    case .words(let count): scalar.offset + 8 * count
    default: scalar.offset + scalar.width
    }
  }

  var isUserData: Bool {
    if case .line = format { scalar.width == 8 } else { false }
  }
}
