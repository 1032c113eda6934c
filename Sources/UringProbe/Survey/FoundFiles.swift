import CRecord
import Glibc
import UringRecords
import UringTrace

extension RecordBuffer {
  /// A slot in a ring's table of registered files.
  struct FixedFile: Hashable {
    var ring: UInt64
    var index: UInt32
  }

  /// A registered file. `name` is the target of links to it in /proc/PID/fd: `socket:[7]`.
  struct NamedFile {
    var name: String
    var canRead: Bool
    var canWrite: Bool
  }

  /// The registered files that are sockets or pipes without a path, by slot.
  var fixedFiles: [FixedFile: NamedFile] {
    var found: [FixedFile: NamedFile] = [:]
    withEachRecord { record in
      guard record.pointee.kind == .registeredFile else { return }
      let file = UnsafeRawPointer(record).load(as: record_registered_file.self)
      let pipes: UInt32 = 0x5049_5045  // PIPEFS_MAGIC
      let key = FixedFile(ring: record.pointee.ctx, index: file.index)
      let type = mode_t(file.mode) & S_IFMT
      guard type == S_IFSOCK || type == S_IFIFO && file.file_system == pipes else { return }
      found[key] = NamedFile(
        name: "\(type == S_IFSOCK ? "socket" : "pipe"):[\(file.inode)]",
        canRead: file.can_read != 0, canWrite: file.can_write != 0)
    }
    return found
  }

  /// Input files of SPLICE and TEE, by address of the request. Registered input files are omitted.
  var inputs: [UInt64: record_request_file] {
    var found: [UInt64: record_request_file] = [:]
    withEachRecord { record in
      guard record.pointee.kind == .requestFile else { return }
      let input = UnsafeRawPointer(record).load(as: record_request_file.self)
      if input.is_input != 0, input.is_fixed == 0 { found[record.pointee.req] = input }
    }
    return found
  }

  /// Returns the record of a request that an inventory has found, by the request's address.
  func parked(_ request: UInt64) -> record_parked? {
    var found: record_parked?
    withEachRecord { record in
      guard record.pointee.kind == .parked, record.pointee.req == request else { return }
      found = UnsafeRawPointer(record).load(as: record_parked.self)
    }
    return found
  }

  /// Returns the first `limit` requests that an inventory has found in these places.
  func parked(in places: Set<RecordPlace>, limit: Int) -> [record_parked] {
    var found: [record_parked] = []
    withEachParked(in: places) { parked in
      if found.count < limit { found.append(parked.pointee) }
    }
    return found
  }

  /// Returns, by ring, requests that an inventory has found in these places: at most `limit` of
  /// each ring, and at most `total` of all rings together.
  func parkedByRing(
    in places: Set<RecordPlace>, limit: Int, total: Int
  ) -> [UInt64: [record_parked]] {
    var found: [UInt64: [record_parked]] = [:]
    var count = 0
    withEachParked(in: places) { parked in
      let ring = parked.pointee.base.ctx
      guard count < total, found[ring].map({ $0.count < limit }) ?? true else { return }
      found[ring, default: []].append(parked.pointee)
      count += 1
    }
    return found
  }

  private func withEachParked(
    in places: Set<RecordPlace>, _ body: (UnsafePointer<record_parked>) -> Void
  ) {
    withEachRecord { record in
      guard record.pointee.kind == .parked else { return }
      let parked = UnsafeRawPointer(record).assumingMemoryBound(to: record_parked.self)
      if places.contains(parked.pointee.place) { body(parked) }
    }
  }

  /// Returns questions about the names of the files and threads of found requests, and of
  /// registered files.
  ///
  /// - Parameters:
  ///   - limit: number of subjects after which no further record is examined.
  ///   - holders: for each address of a `struct file`, a process with a descriptor of the file, or
  ///     nil if no process has one. Contains only files whose descriptors the inventory searched
  ///     for.
  func subjects(limit: Int, holders: [UInt64: FileHolder?]) -> [NameResolver.Subject] {
    var subjects: [NameResolver.Subject] = []
    withEachRecord { record in
      guard subjects.count < limit else { return }
      switch record.pointee.kind {
      case .parked:
        let parked = UnsafeRawPointer(record).load(as: record_parked.self)
        subjects.append(.thread(tid: parked.submitter_tid, tgid: parked.tgid))
        if parked.base.tid != 0 {
          subjects.append(.thread(tid: parked.base.tid, tgid: parked.tgid))
        }
        if let file = FileQuestion(parked, holders: holders) { subjects.append(.file(file)) }
      case .registeredFile:
        let slot = UnsafeRawPointer(record).load(as: record_registered_file.self)
        if let file = FileQuestion(slot) { subjects.append(.file(file)) }
      default: break
      }
    }
    return subjects
  }
}
