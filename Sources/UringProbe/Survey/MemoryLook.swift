import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// Checks whether the memory that requests in flight use is still mapped in their process.
enum MemoryLook {
  private struct Mapping {
    var range: Range<UInt64>
    /// True if the memory is private to this process and not backed by a file.
    var isOwn: Bool
  }

  private static let mostProcesses = 16
  private static let mostPages: UInt64 = 256
  private static let mostTextOfMappings = 1 << 22

  /// Appends a record for each of these requests that uses memory which its process has unmapped
  /// or, for registered buffers, discarded or replaced.
  static func look(at requests: [record_parked], into records: inout RecordBuffer) {
    var mappings: [UInt32: [Mapping]] = [:]
    let pageSize = UInt64(getpagesize())
    for parked in requests {
      guard let memory = namedMemory(of: parked) else { continue }
      if mappings[parked.tgid] == nil {
        guard mappings.count < mostProcesses else { continue }
        mappings[parked.tgid] = read(parked.tgid)
      }
      guard let known = mappings[parked.tgid], !known.isEmpty else { continue }
      if let hole = firstHole(in: memory, known) {
        write(parked, hole..<min(memory.upperBound, hole + pageSize), isDiscarded: false, &records)
      } else if Opcode(rawValue: parked.base.opcode).usesFixedBuffer,
        let page = firstAbsentPage(of: memory, in: parked.tgid, known, pageSize)
      {
        write(parked, page..<page + pageSize, isDiscarded: true, &records)
      }
    }
  }

  /// Returns the memory that a request in flight fills or sends; nil if the inventory could not
  /// read its address, or if the request has not been issued.
  private static func namedMemory(of parked: record_parked) -> Range<UInt64>? {
    let needed = UInt8(RECORD_KNOWS_ADDR | RECORD_KNOWS_LEN)
    guard parked.known & needed == needed, parked.tgid != 0, parked.place != .linked,
      parked.place != .deferred
    else { return nil }
    return Opcode(rawValue: parked.base.opcode).namedMemory(
      at: parked.addr, length: parked.len, flags: SQEFlags(requestFlags: parked.flags))
  }

  /// Returns a process's mappings in order of address; empty if they cannot be read completely.
  private static func read(_ tgid: UInt32) -> [Mapping] {
    guard let bytes = Procfs.read("maps", of: tgid, limit: mostTextOfMappings),
      bytes.count < mostTextOfMappings
    else { return [] }
    return MapsLine.all(in: bytes).compactMap { line in
      guard line.fields.count >= 4 else { return nil }
      return Mapping(
        range: line.range, isOwn: line.permissions.hasSuffix("p") && line.fields[3] == "0")
    }
  }

  private static func firstHole(in memory: Range<UInt64>, _ mappings: [Mapping]) -> UInt64? {
    var reached = memory.lowerBound
    for mapping in mappings where mapping.range.contains(reached) {
      reached = mapping.range.upperBound
      if reached >= memory.upperBound { return nil }
    }
    return reached
  }

  /// Returns the first page of a registered buffer that is no longer in the process's page table;
  /// nil if there is none.
  ///
  /// Registration makes all pages present, and pinned pages are not swapped out. So an absent page
  /// has been discarded or replaced since.
  private static func firstAbsentPage(
    of memory: Range<UInt64>, in tgid: UInt32, _ mappings: [Mapping], _ pageSize: UInt64
  ) -> UInt64? {
    BoundedCall.run(for: tgid, limit: 1_000_000_000) { () -> UInt64? in
      guard let table = PageTable(tgid) else { return nil }
      var page = memory.lowerBound / pageSize * pageSize
      let last = min(memory.upperBound, page + mostPages * pageSize)
      while page < last {
        guard mappings.contains(where: { $0.isOwn && $0.range.contains(page) }),
          let entry = table.entry(of: page)
        else { return nil }
        if !entry.isPresent, !entry.isSwapped { return page }
        page += pageSize
      }
      return nil
    } ?? nil
  }

  private static func write(
    _ parked: record_parked, _ memory: Range<UInt64>, isDiscarded: Bool,
    _ records: inout RecordBuffer
  ) {
    records.append(
      record_memory_change.self, at: parked.base.time_ns, ring: parked.base.ctx,
      request: parked.base.req
    ) {
      $0.base.opcode = parked.base.opcode
      $0.address = memory.lowerBound
      $0.length = UInt64(memory.count)
      $0.tgid = parked.tgid
      $0.is_discarded = isDiscarded ? 1 : 0
    }
  }
}
