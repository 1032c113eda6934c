import CRecord
import Testing
import UringRecords

/// Records that are shorter than their struct because they were written before it grew.
@Suite struct ShorterRecordTests {
  /// A registered-file record from before the field `file`, the file's identity, was added.
  @Test func fieldsBehindTheEndAreZero() {
    var file = record_registered_file()
    file.tag = 7
    file.inode = 8
    file.index = 9
    file.references = 10
    file.file.file = 11
    file.file.inode = 12
    let size = MemoryLayout<record_registered_file>.offset(of: \.file)!
    file.base.size = UInt16(size)
    file.base.kind = .registeredFile
    let bytes = withUnsafeBytes(of: file) { Array($0) }
    bytes.withUnsafeBytes { bytes in
      let header = bytes.baseAddress!.assumingMemoryBound(to: record.self)
      header.withWhole(record_registered_file.self) { whole in
        #expect(whole.pointee.references == 10)
        #expect(whole.pointee.file.file == 0)
        #expect(whole.pointee.file.inode == 0)
      }
      // Full-length records are read in place.
      let full = UnsafeMutablePointer<record_registered_file>.allocate(capacity: 1)
      defer { full.deallocate() }
      full.initialize(to: file)
      full.pointee.base.size = UInt16(MemoryLayout<record_registered_file>.size)
      let address = UnsafeRawPointer(full).assumingMemoryBound(to: record.self)
      address.withWhole(record_registered_file.self) { #expect($0 == UnsafePointer(full)) }
    }
  }

  @Test func anAddedStructMakesItsKindGrow() throws {
    let descriptor = try #require(RecordKind.fileGet.descriptor)
    #expect(descriptor.minimumSize == MemoryLayout<record_file_get>.offset(of: \.file))
  }

  /// `complete` has a field that only some records have.
  @Test func bothLengthsOfACompletionAreValid() throws {
    var short = record_complete()
    short.base.kind = .complete
    short.base.ctx = 1
    var records = RecordBuffer()
    records.append(short, base: \.base)
    records.append(
      record_complete_unseen(complete: short, submitted_ns: 5), base: \.complete.base)
    let check = records.bytes.withUnsafeBytes { RecordCheck($0) }
    #expect(check.recordCount == 2)
    #expect(check.length == records.bytes.count)
    let descriptor = try #require(RecordKind.complete.descriptor)
    #expect(descriptor.minimumSize == MemoryLayout<record_complete>.size)
    #expect(descriptor.fullSize == MemoryLayout<record_complete_unseen>.size)
    #expect(descriptor.fields.last?.isAdded == true)
  }

  @Test func aRecordBelowItsFirstLayoutIsRefused() {
    for kind in RecordKind.all where kind.minimumSize > MemoryLayout<record>.size {
      var header = record()
      header.kind = kind
      header.size = UInt16(kind.minimumSize - 8)
      var bytes = withUnsafeBytes(of: header) { Array($0) }
      bytes += repeatElement(0, count: kind.minimumSize)
      let check = bytes.withUnsafeBytes { RecordCheck($0) }
      #expect(check.flaw == .corrupt(offset: 0), "\(kind)")
    }
  }
}
