import CRecord

/// The last records, whole and in order, for the sink and for `dump`.
///
/// Memory consists of chunks; the oldest chunk is overwritten when a new one is needed.
struct RecordTail: ~Copyable {
  private let memory: UnsafeMutableRawPointer
  private let chunkSize: Int
  private let chunkCount: Int
  private var lengths: [Int]
  private var current = 0
  /// Bytes of the current chunk that have been handed over.
  private var handedOver = 0

  init(chunkSize: Int, chunkCount: Int) {
    self.chunkSize = chunkSize
    self.chunkCount = chunkCount
    memory = .allocate(byteCount: chunkSize * chunkCount, alignment: 64)
    lengths = Array(repeating: 0, count: chunkCount)
    length = 0
  }

  deinit { memory.deallocate() }

  /// Used bytes of the current chunk. Kept outside the array, which would cost a check each time.
  private var length: Int

  /// Bytes appended since the last ``takeNew()``.
  var newLength: Int { length - handedOver }

  /// Copies whole records. False if the chunk has no room for them: it must be handed over, and ``advance()`` called.
  @inline(__always)
  mutating func append(_ records: UnsafeRawBufferPointer) -> Bool {
    guard let start = records.baseAddress else { return true }
    guard length + records.count <= chunkSize else { return false }
    (memory + current * chunkSize + length).copyMemory(from: start, byteCount: records.count)
    length += records.count
    return true
  }

  /// The records appended since the last call.
  mutating func takeNew() -> UnsafeRawBufferPointer {
    let start = memory + current * chunkSize + handedOver
    defer { handedOver = length }
    return UnsafeRawBufferPointer(start: start, count: length - handedOver)
  }

  /// Moves to the next chunk, and overwrites the oldest records.
  mutating func advance() {
    lengths[current] = length
    current = (current + 1) % chunkCount
    lengths[current] = 0
    length = 0
    handedOver = 0
  }

  /// A copy of everything held, oldest first.
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
