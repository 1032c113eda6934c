import CRecord

/// Consecutive records in memory, in the format of a recording.
public struct RecordBuffer: Sendable {
  public private(set) var bytes: [UInt8] = []
  public private(set) var count: UInt64 = 0

  public init() {}

  public var isEmpty: Bool { bytes.isEmpty }

  /// Reserves room for `count` further bytes at once. Without this, growth step by step needs up to
  /// three times the memory.
  public mutating func reserve(bytes count: Int) { bytes.reserveCapacity(bytes.count + count) }

  /// Appends a `record_…` struct, and sets the size in its header.
  ///
  /// - Parameters:
  ///   - base: the struct's member that is the header.
  ///   - trailer: bytes that follow the struct. Struct and trailer are padded to a multiple of 8.
  public mutating func append<Record: BitwiseCopyable>(
    _ record: Record, base: WritableKeyPath<Record, record>, trailer: some Collection<UInt8> = []
  ) {
    var record = record
    let size = (MemoryLayout<Record>.size + trailer.count + 7) & ~7
    guard let size16 = UInt16(exactly: size) else { return }
    record[keyPath: base].size = size16
    withUnsafeBytes(of: record) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: trailer)
    bytes.append(
      contentsOf: repeatElement(0, count: size - MemoryLayout<Record>.size - trailer.count))
    count += 1
  }

  /// Appends a record that uringtop itself writes. Sets all members of its header except `tid`.
  ///
  /// - Parameters:
  ///   - text: bytes that follow the struct.
  ///   - fill: sets the other members of the record.
  public mutating func append<Record: RecordBody & BitwiseCopyable>(
    _: Record.Type, at time: UInt64, ring: UInt64 = 0, request: UInt64 = 0, text: [UInt8] = [],
    _ fill: (inout Record) -> Void = { _ in }
  ) {
    var body = Record()
    body.base.time_ns = time
    body.base.ctx = ring
    body.base.req = request
    body.base.kind = Record.kind
    body.base.opcode = UInt8(RECORD_OPCODE_NONE)
    fill(&body)
    append(body, base: \.base, trailer: text)
  }

  /// Appends a record of counts, with its pairs of errno and count, and of latency bucket and
  /// count.
  public mutating func append(
    _ counts: record_counts, errors: [record_count], latencies: [record_count]
  ) {
    var counts = counts
    counts.errors = UInt32(errors.count)
    counts.latencies = UInt32(latencies.count)
    (errors + latencies).withUnsafeBytes { append(counts, base: \.base, trailer: $0) }
  }

  /// Appends a record of a file name.
  public mutating func append(_ name: record_file_name, text: some Collection<UInt8>) {
    var name = name
    // Paths have at most 4095 bytes.
    let text = text.prefix(4095)
    name.length = UInt32(text.count)
    append(name, base: \.base, trailer: text)
  }

  /// Appends a whole record unchanged.
  public mutating func append(_ record: UnsafePointer<record>) {
    append(whole: UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)))
  }

  /// Appends the bytes of one whole record.
  public mutating func append(whole record: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: record)
    count += 1
  }

  public mutating func append(_ other: RecordBuffer) {
    if isEmpty {
      // Shares the memory instead of copying it: an inventory can have a hundred thousand records.
      self = other
      return
    }
    bytes.append(contentsOf: other.bytes)
    count += other.count
  }

  /// Calls `body` with each record. The pointer is valid only during the call.
  public func withEachRecord(_ body: (UnsafePointer<record>) -> Void) {
    bytes.withUnsafeBytes { bytes in
      for record in RecordSequence(bytes: bytes) { body(record) }
    }
  }
}
