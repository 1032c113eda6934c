import CRecord

/// Kernel functions that give buffers back: their names, and whether each is traced.
struct ReleaseFunctions {
  /// Names of kernel functions by address.
  private var names = BoundedCache<UInt64, String>(limit: 4_096)
  /// Providers by the address of their release function.
  private var providers = BoundedCache<UInt64, GroupProvider>(limit: 4_096)
  /// One bit per traced `ReleaseFunction`.
  private var watched: UInt64 = 0
  /// Time since which all functions in ``watched`` have been traced.
  private(set) var watchedTime: UInt64 = 0

  mutating func note(_ record: UnsafePointer<record_symbol>) {
    let address = record.pointee.address
    if address < 64 {
      watched |= 1 << address
      watchedTime = max(watchedTime, record.pointee.base.time_ns)
      return
    }
    let name = Self.name(record)
    names[address] = name
    for traits in GroupProviderTraits.all where traits.releases.contains(name) {
      // Automatic and explicit registration of ublk buffers share a release function. The first
      // provider in the list represents both.
      if providers[address] == nil { providers[address] = GroupProvider(traits) }
    }
  }

  /// The function's name, without the module's name that follows it.
  private static func name(_ record: UnsafePointer<record_symbol>) -> String {
    withUnsafeBytes(of: record.pointee.name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }, as: UTF8.self)
    }
  }

  func name(of address: UInt64) -> String? { names[address] }

  func provider(releasingWith address: UInt64) -> GroupProvider? { providers[address] }

  func isWatched(_ function: ReleaseFunction) -> Bool {
    watched & 1 << UInt64(function.rawValue) != 0
  }
}

extension ReleaseFunction {
  /// The kernel's name of the function; nil for an unknown number.
  var symbol: String? {
    switch self {
    case .freeRsrcNode: "io_free_rsrc_node"
    case .releaseUbuf: "io_release_ubuf"
    case .ublkIORelease: "ublk_io_release"
    case .fuseRelease: "fuse_zero_copy_release"
    case .bufferUnmap: "io_buffer_unmap"
    case .groupGiveback: "grp_kbuf_ack"
    default: nil
    }
  }
}
