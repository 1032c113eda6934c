import CRecord
import UringRecordings
import UringRecords
import UringTrace

/// Copies records, and replaces data that identifies a machine or its users. The descriptors of the
/// record kinds define which fields are replaced.
///
/// A copy contains only fields that a descriptor describes. Other bytes, such as those after a
/// record's last field, are not copied.
public struct Redactor: RecordRewriter {
  private var names: NameSubstitutes
  /// Added to times, so that the copy starts at ``start``.
  private let shift: UInt64

  // Properties of the record being copied.
  private var opcode = Opcode(rawValue: 0)
  /// `cmd_op` of a driver command.
  private var command: UInt32 = 0
  private var trailer: [UInt8] = []

  /// Start time of every copy: larger than any machine's uptime, so that times before the start
  /// stay positive.
  private static let start: UInt64 = 1 << 58

  public init(_ header: RecordingHeader) { self.init(header, limits: .init()) }

  init(_ header: RecordingHeader, limits: NameSubstitutes.Limits) {
    names = NameSubstitutes(limits: limits)
    // If the header has no start time, times already count from 0.
    shift = header.host.startTime == 0 ? 0 : Self.start &- header.host.startTime
  }

  /// The header without the time of day, and with only the version numbers of the kernel's release.
  public func rewritten(_ header: RecordingHeader) -> RecordingHeader {
    var header = header
    header.host.startTime = rewritten(time: header.host.startTime)
    header.host.startRealtime = 0
    let release = header.host.kernel.prefix { $0 == "." || $0.isASCII && $0.isNumber }
    header.host.kernel = String(release)
    return header
  }

  public func rewritten(time: UInt64) -> UInt64 {
    // Neither 0, which means "no time", nor the kernel's largest time (KTIME_MAX) is shifted.
    guard time != 0, time < 1 << 62 else { return time }
    // Only times of forged recordings reach the bounds 1 and ``RecordBounds/largest``.
    let shifted = UInt64(max(1, Int64(bitPattern: time &+ shift)))
    return time <= RecordBounds.largest ? min(shifted, RecordBounds.largest) : shifted
  }

  /// Appends copies of whole records. Returns false if the tables of substitutes are full.
  public mutating func append(
    _ records: UnsafeRawBufferPointer, to output: inout [UInt8]
  ) -> Bool {
    for record in RecordSequence(bytes: records) { append(record, to: &output) }
    return !names.isFull
  }

  private mutating func append(_ record: UnsafePointer<record>, to output: inout [UInt8]) {
    guard let descriptor = record.pointee.kind.descriptor else { return }
    let source = UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size))
    let size = min(
      source.count, descriptor.hasTrailer ? descriptor.structSize : descriptor.fullSize)
    var copy = [UInt8](repeating: 0, count: size)
    opcode = Opcode(rawValue: record.pointee.opcode)
    command = 0
    trailer = []
    copy.withUnsafeMutableBytes { copy in
      self.copy(descriptor.fields, of: record, size: size, to: copy.baseAddress!)
    }
    let padding = (8 - (size + trailer.count) & 7) & 7
    var header = record.pointee
    header.time_ns = rewritten(time: header.time_ns)
    header.ctx = names.numbers.kernel(header.ctx)
    header.req = names.numbers.kernel(header.req)
    header.size = UInt16(size + trailer.count + padding)
    withUnsafeBytes(of: header) { copy.replaceSubrange(0..<$0.count, with: $0) }
    output += copy
    output += trailer
    output += repeatElement(0, count: padding)
  }

  private mutating func copy(
    _ fields: [RecordField], of record: UnsafePointer<record>, size: Int,
    to copy: UnsafeMutableRawPointer
  ) {
    let source = UnsafeRawPointer(record)
    for field in fields where field.end <= size {
      if let condition = field.condition, condition.load(from: source) == 0, !field.isOfLine {
        continue
      }
      let value = field.scalar.load(from: source)
      let start = field.scalar.offset
      switch field.format {
      case .object(let members):
        // The first member of an absent object is 0.
        if field.null == .zero, source.loadUnaligned(fromByteOffset: start, as: UInt64.self) == 0 {
          continue
        }
        self.copy(members, of: record, size: size, to: copy)
      case .text(let capacity):
        let text = UnsafeRawBufferPointer(start: source + start, count: capacity)
        CharArray.copy(
          redacted(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self), field.redaction),
          into: UnsafeMutableRawBufferPointer(start: copy + start, count: capacity))
      case .words(let count):
        copyWords(count, of: record, at: start, to: copy)
      case .trailingText(let limit):
        field.scalar.store(UInt64(append(record, value, limit, field.redaction)), in: copy)
      case .trailingPairs:
        field.scalar.store(UInt64(appendPairs(record, value)), in: copy)
      case .boolean: field.scalar.store(value == 0 ? 0 : 1, in: copy)
      case .integer, .hex, .line, .setupFlags, .sqeFlags, .requestFlags, .choice, .bits:
        if field.isOfLine, field.scalar.width == 1 {
          opcode = Opcode(rawValue: UInt8(truncatingIfNeeded: value))
        }
        field.scalar.store(redacted(value, field.redaction), in: copy)
      }
      if let alternative = field.alternative, alternative.isHidden {
        alternative.selector.store(alternative.isSelected(in: source) ? 1 : 0, in: copy)
      }
    }
  }

  // MARK: Values

  private mutating func redacted(_ value: UInt64, _ redaction: RecordField.Redaction) -> UInt64 {
    switch redaction {
    case .kernel: names.numbers.kernel(value)
    case .user: names.numbers.user(value)
    case .word: names.numbers.user(value, keepingBelow: Self.endOfWords)
    case .off, .addr, .addr3, .pad2: operand(value, redaction)
    case .time: rewritten(time: value)
    case .inode: names.numbers.inode(value)
    case .number: names.numbers.other(value)
    case .erase: 0
    case .plain, .argument, .comm, .text, .frames, .addresses: value
    }
  }

  private static let endOfWords: UInt64 = 1 << 32

  /// The substitute of a word of an SQE. A word that the opcode does not use as a number may be an
  /// address.
  private mutating func operand(_ value: UInt64, _ word: RecordField.Redaction) -> UInt64 {
    if opcode.isDriverCommand {
      if word == .off {
        command = UInt32(truncatingIfNeeded: value)
        return UInt64(command)
      }
      // In commands of buffer providers this word holds queue and tag.
      if word == .addr3, GroupProviderTraits.command(command) != nil { return value }
      return names.numbers.user(value, keepingBelow: Self.endOfWords)
    }
    let properties = opcode.properties
    let field =
      switch word {
      case .off: properties.off
      case .addr: properties.addr
      case .addr3: properties.addr3
      default: nil as OpcodeProperties.Field?
      }
    switch field?.format {
    case .decimal, .signed, .octal, .bits: return value
    case .hexadecimal, nil: return names.numbers.user(value)
    }
  }

  /// Copies the words of an io_uring_register argument. The call's opcode decides which of them are
  /// addresses.
  private mutating func copyWords(
    _ count: Int, of record: UnsafePointer<record>, at start: Int, to copy: UnsafeMutableRawPointer
  ) {
    let source = UnsafeRawPointer(record)
    let call = RegisterOpcode(
      rawValue: record.body(as: record_register_argument.self).pointee.opcode)
    for index in 0..<count {
      let offset = start + 8 * index
      let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      copy.storeBytes(
        of: call.isAddress(word: index) ? names.numbers.user(word) : word, toByteOffset: offset,
        as: UInt64.self)
    }
  }

  private mutating func redacted(_ text: String, _ redaction: RecordField.Redaction) -> String {
    switch redaction {
    case .comm: names.task(text[...])
    case .text: names.text(text)
    case .frames: names.frames(text)
    case .addresses: names.addresses(text)
    default: text
    }
  }

  // MARK: Behind the struct

  /// Most bytes of text in a copy. Substitutes can be longer than the originals, and a record has
  /// at most 65,528 bytes.
  private static let mostText = 60_000

  /// Appends the redacted text behind the record's struct to ``trailer``. Returns its length in
  /// bytes.
  private mutating func append(
    _ record: UnsafePointer<record>, _ length: UInt64, _ limit: Int,
    _ redaction: RecordField.Redaction
  ) -> Int {
    let text = record.trailer.prefix(Int(clamping: length)).prefix { $0 != 0 }
    let redacted = redacted(String(decoding: text, as: UTF8.self), redaction)
    let kept = redacted.utf8.prefix(min(limit, Self.mostText))
    trailer += kept
    return kept.count
  }

  /// Appends the pairs behind the record's struct to ``trailer``. Returns their number.
  private mutating func appendPairs(_ record: UnsafePointer<record>, _ count: UInt64) -> Int {
    let rest = record.trailer.dropFirst(trailer.count)
    let pairs = min(Int(clamping: count), rest.count / 8)
    trailer += rest.prefix(8 * pairs)
    return pairs
  }
}

extension RecordDescriptor {
  fileprivate var hasTrailer: Bool {
    fields.contains {
      switch $0.format {
      case .trailingText, .trailingPairs: true
      default: false
      }
    }
  }
}

extension RecordField {
  fileprivate var isOfLine: Bool {
    if case .line = format { true } else { false }
  }
}
