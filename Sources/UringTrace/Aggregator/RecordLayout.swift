import CRecord
import UringRecords

/// Minimum size and required fields of records, by kind; checked for every record.
struct RecordLayoutTable: ~Copyable {
  private struct Needs: OptionSet {
    var rawValue: UInt8
    static let ring = Needs(rawValue: 1)
    static let request = Needs(rawValue: 2)
  }

  /// One word per kind number; 0 for an unknown kind. Bits 0 to 15 are the minimum size, bits 16 to
  /// 23 the required fields (``Needs``). Bit 24 is set if the event log keeps records of the kind.
  private let layouts: UnsafeMutablePointer<UInt32>

  init() {
    layouts = .allocate(capacity: 256)
    layouts.initialize(repeating: 0, count: 256)
    for descriptor in RecordKind.all.lazy.compactMap(\.descriptor) {
      var needs: Needs = []
      if descriptor.needsRing { needs.insert(.ring) }
      if descriptor.needsRequest { needs.insert(.request) }
      layouts[Int(descriptor.kind.rawValue)] =
        UInt32(descriptor.minimumSize) | UInt32(needs.rawValue) << 16
        | (descriptor.isLogged ? 1 << 24 : 0)
    }
  }

  deinit {
    layouts.deallocate()
  }

  /// Returns whether the record is complete and of a known kind, and whether the event log keeps
  /// records of its kind.
  @inline(__always)
  func check(_ header: UnsafePointer<record>) -> (isSound: Bool, isLogged: Bool) {
    let kind = UnsafeRawPointer(header).load(fromByteOffset: Self.kindOffset, as: UInt8.self)
    let layout = layouts[Int(kind)]
    let needs = Needs(rawValue: UInt8(truncatingIfNeeded: layout >> 16))
    let isSound =
      layout != 0 && UInt32(header.pointee.size) >= layout & 0xffff
      && (!needs.contains(.ring) || header.pointee.ctx != 0)
      && (!needs.contains(.request) || header.pointee.req != 0)
    return (isSound, layout >> 24 != 0)
  }

  private static var kindOffset: Int { MemoryLayout<record>.offset(of: \.kind) ?? 30 }
}
