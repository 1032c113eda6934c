import CRecord

/// A field of a record, and the members of JSON that represent it.
public struct RecordField: Sendable {
  /// The place of an integer within a record.
  public struct Scalar: Hashable, Sendable {
    public let offset: Int
    public let width: Int
    public let isSigned: Bool

    init(_ offset: Int, width: Int, isSigned: Bool = false) {
      self.offset = offset
      self.width = width
      self.isSigned = isSigned
    }

    /// Returns the value in the record; 32-bit signed values are sign-extended.
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

    /// Stores a value, cut to its low `width` bytes.
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
    /// A number, in JSON a string `"0x…"`.
    case hex
    case boolean
    /// Text of a `char` array, up to the first zero.
    case text(capacity: Int)
    /// An array of 64-bit words, each in JSON a string `"0x…"`.
    case words(count: Int)
    /// `IORING_SETUP_*`, a list of names.
    case setupFlags
    /// `IOSQE_*`, a list of names.
    case sqeFlags
    /// `REQ_F_*`, two members: a list of names, called `flags`, and the bits as a string `"0x…"`.
    case requestFlags
    /// One of the vocabulary's names.
    case choice(RecordVocabulary)
    /// A list of the vocabulary's names, one for each bit that is set.
    case bits(RecordVocabulary)
    /// A member that the lines of all kinds have.
    case line
    case object([RecordField])
    /// Text behind the struct; the field contains the length of the text in bytes.
    case trailingText(limit: Int)
    /// Pairs of numbers behind the struct; the field contains the number of pairs.
    case trailingPairs
  }

  /// Further members that are derived from the value. They are written, and ignored when a trace is
  /// read.
  public enum Derived: Sendable {
    case errno, cqeFlags, registerName, ublkCommand, fuseCommand, cmdOp
  }

  /// The kind of value, which determines how a redacted copy replaces it if it can identify a
  /// machine or its users.
  public enum Redaction: Sendable {
    /// A value that identifies nothing; it is not replaced.
    case plain
    /// An address in the kernel.
    case kernel
    /// An address in a process, or an application's number that can be an address.
    case user
    /// Like ``user``, but 32-bit numbers are not replaced, because drivers give them a meaning.
    case word
    /// Words of an SQE, whose meaning depends on the opcode.
    case off, addr, addr3, pad2
    /// Words of the argument of io_uring_register.
    case argument
    /// A time of CLOCK_MONOTONIC.
    case time
    /// An inode number.
    case inode
    /// Any other number that is only compared for equality.
    case number
    /// The name of a thread.
    case comm
    /// Names of files, and descriptions of sockets and other files.
    case text
    /// Frames of a user stack.
    case frames
    /// Frames of a kernel stack: names of functions are kept, addresses are replaced.
    case addresses
    /// Data of the application, which a redacted copy does not contain.
    case erase
  }

  /// The values that are null in JSON.
  public enum Null: Sendable {
    /// The value with all bits set.
    case maximum
    case negative
    /// An object whose first field is 0.
    case zero
  }

  /// A second member that represents the value instead of the first one if bits of another field,
  /// the selector, are set. The member that is not used is null.
  public struct Alternative: Sendable {
    public let name: StaticString
    public let selector: Scalar
    private let mask: UInt64
    /// True if the selector has no member of its own. When a trace is read, the selector is then
    /// set to 1 if this member is not null.
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

  /// Name of the member in JSON.
  public let name: StaticString
  public let scalar: Scalar
  public let format: Format
  public let derived: Derived?
  public let null: Null?
  /// Bytes of the record: the member is omitted if all of them are zero. Nil: never omitted.
  public let omitted: Range<Int>?
  /// True if the field was added to an existing kind. Older records and traces lack it; it counts
  /// as 0 there.
  public let isAdded: Bool
  public let alternative: Alternative?
  /// Another field: the member is omitted if that field is 0. Nil: no such field.
  public let condition: Scalar?
  /// True if any 64-bit number is valid, so that ``RecordBounds`` does not bound the field.
  let isAny: Bool
  /// True if the values of all records are added up, so that ``RecordBounds`` bounds their sum.
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

  /// Offset of the first byte behind the field. A record contains the field if its size is at least
  /// this number.
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
