import UringRecords

/// The most recent blocks of a capture, in sections. A recording can begin with any section.
///
/// A section begins with records of the names and rings known at its start, followed by an
/// inventory (all rings and requests at that time). Whole sections are dropped, the oldest first.
struct FlightRing {
  struct Block {
    var bytes: [UInt8]
    var head: BlockHead
  }

  struct Section {
    /// Start of the section: nanoseconds, CLOCK_MONOTONIC.
    var time: UInt64
    /// Records of the names and rings known at the start of the section.
    var state: [UInt8]
    var blocks: [Block] = []
    var bytes = 0
  }

  private(set) var sections: [Section] = []
  /// Bytes of all blocks and states.
  private(set) var bytes = 0

  mutating func begin(at time: UInt64, state: [UInt8]) {
    sections.append(Section(time: time, state: state, bytes: state.count))
    bytes += state.count
  }

  /// Appends whole encoded blocks to the newest section.
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

  var newestBytes: Int { sections.last?.bytes ?? 0 }

  /// Drops sections that end before `time`. Then drops the oldest sections until at most `most`
  /// bytes remain.
  mutating func drop(before time: UInt64, most: Int) {
    while sections.count > 1, sections[1].time <= time || bytes > most {
      bytes -= sections.removeFirst().bytes
    }
    // If a single section is larger than `most`, its oldest blocks are dropped.
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

  /// The sections with all records since `time`, as far as they have not been dropped.
  func sections(since time: UInt64) -> ArraySlice<Section> {
    let first = sections.lastIndex { $0.time <= time } ?? 0
    return sections[min(first, sections.count)...]
  }
}
