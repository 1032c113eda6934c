import CRecord

/// The latest records, whole and in order, for the aggregator, the sink and the `dump` command.
///
/// The memory consists of chunks; when a new chunk is needed, the oldest one is overwritten.
struct RecordTail: ~Copyable {
  private let memory: UnsafeMutableRawPointer
  private let chunkSize: Int
  private let chunkCount: Int
  private var lengths: [Int]
  private var current = 0
  /// Bytes of the current chunk that ``takeNew()`` has returned.
  private var handedOver = 0

  init(chunkSize: Int, chunkCount: Int) {
    self.chunkSize = chunkSize
    self.chunkCount = chunkCount
    memory = .allocate(byteCount: chunkSize * chunkCount, alignment: 64)
    lengths = Array(repeating: 0, count: chunkCount)
    length = 0
  }

  deinit { memory.deallocate() }

  /// Used bytes of the current chunk. Not kept in `lengths`, because each access to an array costs
  /// a bounds check.
  private var length: Int

  /// Bytes appended since the last ``takeNew()``.
  var newLength: Int { length - handedOver }

  /// Copies whole records into the current chunk. Returns false if the chunk has no room: the
  /// caller must then take the chunk's new records (``takeNew()``) and call ``advance()``.
  @inline(__always)
  mutating func append(_ records: UnsafeRawBufferPointer) -> Bool {
    guard let start = records.baseAddress else { return true }
    guard length + records.count <= chunkSize else { return false }
    (memory + current * chunkSize + length).copyMemory(from: start, byteCount: records.count)
    length += records.count
    return true
  }

  /// Returns the records appended since the last call.
  mutating func takeNew() -> UnsafeRawBufferPointer {
    let start = memory + current * chunkSize + handedOver
    defer { handedOver = length }
    return UnsafeRawBufferPointer(start: start, count: length - handedOver)
  }

  /// Makes the next chunk the current one and discards its records, which are the oldest.
  mutating func advance() {
    lengths[current] = length
    current = (current + 1) % chunkCount
    lengths[current] = 0
    length = 0
    handedOver = 0
  }

  /// Returns a copy of all records in the tail, oldest first.
  func copy() -> [UInt8] {
    var bytes: [UInt8] = []
    for step in 1...chunkCount {
      let chunk = (current + step) % chunkCount
      let used = chunk == current ? length : lengths[chunk]
      bytes.append(
        contentsOf: UnsafeRawBufferPointer(start: memory + chunk * chunkSize, count: used))
    }
    return bytes
  }
}
