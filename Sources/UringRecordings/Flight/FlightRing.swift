import UringRecords

/// The last blocks of a capture, in sections that a recording can begin with.
///
/// A section begins where the state was described: with the names and rings of that moment, and an inventory that
/// follows. Whole sections are dropped, the oldest first.
struct FlightRing {
  struct Block {
    var bytes: [UInt8]
    var head: BlockHead
  }

  struct Section {
    /// When it began: nanoseconds, CLOCK_MONOTONIC.
    var time: UInt64
    /// Records of names and rings at that time.
    var state: [UInt8]
    var blocks: [Block] = []
    var bytes = 0
  }

  private(set) var sections: [Section] = []
  /// Bytes of all blocks and states.
  private(set) var bytes = 0

  /// Begins a section.
  mutating func begin(at time: UInt64, state: [UInt8]) {
    sections.append(Section(time: time, state: state, bytes: state.count))
    bytes += state.count
  }

  /// Appends blocks, each complete.
  mutating func append(_ encoded: UnsafeRawBufferPointer) {
    var start = 0
    while start < encoded.count,
      let head = BlockHead(UnsafeRawBufferPointer(rebasing: encoded[start...]))
    {
      let block = UnsafeRawBufferPointer(
        rebasing: encoded[start..<min(encoded.count, start + head.length)])
      if sections.isEmpty { begin(at: head.stored.first_ns, state: []) }
      sections[sections.count - 1].blocks.append(Block(bytes: Array(block), head: head))
      sections[sections.count - 1].bytes += block.count
      bytes += block.count
      start += head.length
    }
  }

  /// Bytes of the newest section.
  var newestBytes: Int { sections.last?.bytes ?? 0 }

  /// Drops what is older than `time`, except for the section that reaches it, and then what exceeds `most` bytes.
  mutating func drop(before time: UInt64, most: Int) {
    while sections.count > 1, sections[1].time <= time || bytes > most {
      bytes -= sections.removeFirst().bytes
    }
    // A single section that is too large loses its oldest blocks.
    guard bytes > most, !sections.isEmpty else { return }
    var count = 0
    while count < sections[0].blocks.count, bytes > most {
      let size = sections[0].blocks[count].bytes.count
      bytes -= size
      sections[0].bytes -= size
      count += 1
    }
    sections[0].blocks.removeFirst(count)
    if let first = sections[0].blocks.first?.head.stored.first_ns, count > 0 {
      sections[0].time = max(sections[0].time, first)
    }
  }

  /// The sections that hold what happened since a time, as far as it is still there.
  func sections(since time: UInt64) -> ArraySlice<Section> {
    let first = sections.lastIndex { $0.time <= time } ?? 0
    return sections[min(first, sections.count)...]
  }
}
