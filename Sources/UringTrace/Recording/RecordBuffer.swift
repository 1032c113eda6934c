import CRecord

/// Records put together in memory: by readers of other formats, and by tests.
public struct RecordBuffer: Sendable {
  public private(set) var bytes: [UInt8] = []
  public private(set) var count: UInt64 = 0

  public init() {}

  /// Appends one of the `record_…` structs whose `base` is `base`, and sets the size in it.
  ///
  /// - Parameter trailer: what follows the struct, as a file name's text; padded to a multiple of 8.
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

  /// Appends sums with their pairs.
  public mutating func append(
    _ counts: record_counts, errors: [record_count], latencies: [record_count]
  ) {
    var counts = counts
    counts.errors = UInt32(errors.count)
    counts.latencies = UInt32(latencies.count)
    (errors + latencies).withUnsafeBytes { append(counts, base: \.base, trailer: $0) }
  }

  /// Appends a file name.
  public mutating func append(_ name: record_file_name, text: some Collection<UInt8>) {
    var name = name
    // Paths are 4095 bytes at most.
    let text = text.prefix(4095)
    name.length = UInt32(text.count)
    append(name, base: \.base, trailer: text)
  }
}
