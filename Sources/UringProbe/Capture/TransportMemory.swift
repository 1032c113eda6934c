import CBPF
import CProbe
import Glibc

/// Number of a lane of the transport (probe.h). Each possible CPU has `PROBE_LANES` lanes.
struct LaneNumber: Equatable {
  var rawValue: Int
}

/// A position in a lane: where a program writes the next record, or where the reader reads it.
struct LanePlace: Equatable {
  /// Number of the chunk; 0 before the lane has a chunk.
  var chunk: UInt32 = 0
  var offset: UInt32 = 0

  static let start = UInt32(PROBE_CHUNK_START)

  init() {}

  init(chunk: UInt32, offset: UInt32) {
    self.chunk = chunk
    self.offset = offset
  }

  /// Decodes a word in the format of `probe_lane.place` and of the link of a full chunk.
  init(word: UInt64) {
    chunk = UInt32(word >> 32)
    offset = UInt32(truncatingIfNeeded: word)
  }
}

/// The memory through which the BPF programs pass their records to the reader: the transport, see
/// bpf/include/probe.h.
struct TransportMemory: ~Copyable {
  private let lanes: MappedArray
  private let pool: MappedArray
  private var chunks: ChunkMemory
  let laneCount: Int
  private var freedChunks: UInt64 = 0

  /// Name of the map that contains the chunks.
  static let chunkMap = "chunks"
  private static let laneMap = ".data.lanes"
  private static let poolMap = ".data.pool"
  static let maps = [chunkMap, laneMap, poolMap]

  private static var wantedLanes: Int { Processors.possible * Int(PROBE_LANES) }
  /// True if there are too many processors for each to have its own lanes, so processors share
  /// lanes.
  static var sharesLanes: Bool { wantedLanes > Int(PROBE_MAX_LANES) }

  /// - Parameter chunkCount: number of chunks in the object's map, including chunk 0.
  init(of object: borrowing BPFObject, chunkCount: Int) throws(ProbeError) {
    let laneCount = min(Self.wantedLanes, Int(PROBE_MAX_LANES))
    self.init(
      lanes: try MappedArray(
        descriptor: object.mapDescriptor(Self.laneMap),
        size: laneCount * MemoryLayout<probe_lane>.stride),
      laneCount: laneCount,
      pool: try MappedArray(
        descriptor: object.mapDescriptor(Self.poolMap), size: MemoryLayout<probe_pool>.size),
      chunks: try ChunkMemory(
        descriptor: object.mapDescriptor(Self.chunkMap), count: chunkCount))
  }

  init(
    lanes: consuming MappedArray, laneCount: Int, pool: consuming MappedArray,
    chunks: consuming ChunkMemory
  ) {
    let chunkCount = chunks.count
    self.lanes = lanes
    self.laneCount = laneCount
    self.pool = pool
    self.chunks = chunks
    // The first free chunk is 1: chunk 0 is not used.
    cbpf_store_u64(address(\.used), 1)
    cbpf_store_u64(address(\.half), UInt64(chunkCount / 2))
  }

  private func address(_ field: PartialKeyPath<probe_pool>) -> UnsafeMutableRawPointer {
    pool.address + (MemoryLayout<probe_pool>.offset(of: field) ?? 0)
  }

  private func address(
    _ lane: LaneNumber, _ field: PartialKeyPath<probe_lane>
  ) -> UnsafeMutableRawPointer {
    lanes.address + lane.rawValue * MemoryLayout<probe_lane>.stride
      + (MemoryLayout<probe_lane>.offset(of: field) ?? 0)
  }

  // MARK: Lanes

  @inline(__always)
  func isBusy(_ lane: LaneNumber) -> Bool { cbpf_load_acquire_u64(address(lane, \.busy)) != 0 }

  @inline(__always)
  func place(of lane: LaneNumber) -> LanePlace {
    LanePlace(word: cbpf_load_acquire_u64(address(lane, \.place)))
  }

  /// Number of the lane's first chunk; valid once ``place(of:)`` has a chunk.
  func firstChunk(of lane: LaneNumber) -> UInt32 {
    UInt32(truncatingIfNeeded: cbpf_load_acquire_u64(address(lane, \.first)))
  }

  // MARK: Chunks

  mutating func chunk(_ number: UInt32) -> UnsafeMutableRawPointer? { chunks.chunk(number) }

  /// The link of a chunk that its lane has filled: the number of the lane's next chunk, and the
  /// offset at which the records of this chunk end.
  static func link(of chunk: UnsafeRawPointer) -> LanePlace {
    LanePlace(word: cbpf_load_acquire_u64(chunk))
  }

  /// Frees a chunk. The BPF programs reuse the most recently freed chunk first, because it is still
  /// in the processor's cache.
  mutating func free(_ number: UInt32) {
    guard let chunk = chunk(number) else { return }
    freedChunks &+= 1
    cbpf_store_release_u64(address(\.freed), freedChunks)
    let top = address(\.free)
    while true {
      let word = cbpf_load_acquire_u64(top)
      cbpf_store_release_u64(chunk, word & 0xffff_ffff)
      let next = ((word >> 32) &+ 1) << 32 | UInt64(number)
      if cbpf_exchange_u64(top, word, next) { return }
    }
  }

  /// Number of chunks that the BPF programs have taken so far.
  var takenChunks: UInt64 { cbpf_load_acquire_u64(address(\.taken)) }
}
