import CProbe
import CRecord
import UringTrace

/// A record struct that starts with `struct record`.
protocol HeadedRecord {
  init()
  var base: record { get set }
  static var kind: RecordKind { get }
}

extension record_ring_found: HeadedRecord { static var kind: RecordKind { .ringFound } }
extension record_ring_fd: HeadedRecord { static var kind: RecordKind { .ringFd } }
extension record_ring_closed: HeadedRecord { static var kind: RecordKind { .ringClosed } }
extension record_task_name: HeadedRecord { static var kind: RecordKind { .taskName } }
extension record_file_name: HeadedRecord { static var kind: RecordKind { .fileName } }
extension record_lost: HeadedRecord { static var kind: RecordKind { .lost } }
extension record_freed: HeadedRecord { static var kind: RecordKind { .freed } }
extension record_symbol: HeadedRecord { static var kind: RecordKind { .symbol } }
extension record_provided_tail: HeadedRecord { static var kind: RecordKind { .providedTail } }
extension record_flag_name: HeadedRecord { static var kind: RecordKind { .flagName } }
extension record_ring_depth: HeadedRecord { static var kind: RecordKind { .ringDepth } }
extension record_kernel_stack: HeadedRecord { static var kind: RecordKind { .kernelStack } }
extension record_disk_request: HeadedRecord { static var kind: RecordKind { .diskRequest } }
extension record_user_stack: HeadedRecord { static var kind: RecordKind { .userStack } }
extension record_file_state: HeadedRecord { static var kind: RecordKind { .fileState } }

/// Records that uringtop itself adds, one after another as in a recording.
struct ProbeRecords: Sendable {
  private(set) var bytes: [UInt8] = []

  var isEmpty: Bool { bytes.isEmpty }

  /// Appends a record whose header it fills in, except for `tid`.
  mutating func append<Record: HeadedRecord>(
    _: Record.Type, at time: UInt64, ring: UInt64 = 0, request: UInt64 = 0, text: [UInt8] = [],
    _ fill: (inout Record) -> Void = { _ in }
  ) {
    let padded = (text.count + 7) & ~7
    var value = Record()
    value.base.time_ns = time
    value.base.ctx = ring
    value.base.req = request
    value.base.size = UInt16(MemoryLayout<Record>.size + padded)
    value.base.kind = Record.kind
    value.base.opcode = UInt8(RECORD_OPCODE_NONE)
    fill(&value)
    withUnsafeBytes(of: &value) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: text)
    bytes.append(contentsOf: repeatElement(0, count: padded - text.count))
  }

  /// Records that were put together elsewhere.
  mutating func append(_ other: RecordBuffer) { bytes.append(contentsOf: other.bytes) }

  /// Appends a whole record, as it is.
  mutating func append(_ record: UnsafePointer<record>) {
    bytes.append(
      contentsOf: UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)))
  }

  mutating func append(_ other: ProbeRecords) { bytes.append(contentsOf: other.bytes) }

  /// Each record in turn.
  func withEachRecord(_ body: (UnsafePointer<record>) -> Void) {
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + MemoryLayout<record>.size <= bytes.count {
        let record = (bytes.baseAddress! + offset).assumingMemoryBound(to: record.self)
        body(record)
        offset += Int(record.pointee.size)
      }
    }
  }
}

/// Copies text into a fixed array of C, with a zero behind it.
func copyText<Array>(_ text: some Sequence<UInt8>, into array: inout Array) {
  withUnsafeMutableBytes(of: &array) { bytes in
    for (index, byte) in text.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
  }
}

/// A fixed array of C as bytes, up to its zero.
func textBytes<Array>(of array: Array) -> [UInt8] {
  withUnsafeBytes(of: array) { bytes in [UInt8](bytes.prefix { $0 != 0 }) }
}

/// Names come from strangers and end up in a terminal: control characters, invalid UTF-8 and marks
/// that change the direction of writing become `?`.
func harmless(_ name: some Sequence<UInt8>) -> String {
  var text = String.UnicodeScalarView()
  for scalar in String(decoding: Array(name), as: UTF8.self).unicodeScalars {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xFFFD:
      text.append("?")
    default: text.append(scalar)
    }
  }
  return String(text)
}
