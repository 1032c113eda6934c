import CRecord
import UringRecords

/// Handlers of records with the names of files, tasks, cgroups and request flags.
extension Aggregator {
  mutating func taskName(_ record: UnsafePointer<record_task_name>, _ event: inout Event) {
    names.setTask(record.pointee.base.tid, name: CharArray.string(record.pointee.comm))
  }

  mutating func processCgroup(
    _ record: UnsafePointer<record_process_cgroup>, _ event: inout Event
  ) {
    guard let path = text(behind: record, length: record.pointee.length) else { return }
    names.setCgroup(record.pointee.tgid, path: path)
  }

  mutating func fileName(_ record: UnsafePointer<record_file_name>, _ event: inout Event) {
    guard let name = text(behind: record, length: UInt32(record.pointee.length)) else { return }
    event.value = Int64(record.pointee.fd)
    if record.pointee.is_fixed != 0 {
      guard record.pointee.base.ctx != 0, record.pointee.fd >= 0 else { return }
      let ring = enterRing(record.pointee.base, &event)
      names.setFile(
        FileNames.FixedKey(ring: rings[ring].ring.id, index: UInt32(record.pointee.fd)),
        name: name)
    } else {
      names.setFile(
        FileNames.DescriptorKey(tgid: record.pointee.tgid, fd: record.pointee.fd), name: name)
    }
  }

  mutating func knownFile(_ record: UnsafePointer<record_known_file>, _ event: inout Event) {
    guard let name = text(behind: record, length: UInt32(record.pointee.length)),
      let file = FileIdentity(record.pointee.file)
    else { return }
    event.value = Int64(record.pointee.fd)
    if record.pointee.is_closed != 0 {
      let lines = name.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      names.setClosed(
        file,
        FileNames.Closed(
          tgid: record.pointee.tgid, fd: record.pointee.fd, now: String(lines[0]),
          itself: lines.count > 1 ? String(lines[1]) : "", hasNone: record.pointee.has_none != 0))
    } else {
      names.setFile(file, name: name)
    }
  }

  mutating func flagName(_ record: UnsafePointer<record_flag_name>, _ event: inout Event) {
    names.setFlag(bit: Int(record.pointee.bit), name: CharArray.string(record.pointee.name))
  }

  /// The text of `length` bytes after a record's fixed part; nil if the record is too short for it.
  mutating func text<Record>(
    behind record: UnsafePointer<Record>, length: UInt32
  ) -> String? {
    let header = UnsafeRawPointer(record).assumingMemoryBound(to: CRecord.record.self)
    let size = MemoryLayout<Record>.size
    guard Int(length) <= Int(header.pointee.size) - size else {
      stream.damaged &+= 1
      return nil
    }
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(record) + size, count: Int(length))
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
