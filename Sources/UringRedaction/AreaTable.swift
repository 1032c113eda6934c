/// Substitutes for areas of the address space, each of 4 TiB. With all areas in use, the table
/// takes 32 MiB.
struct AreaTable {
  struct Area {
    /// Offset, within the area, of the area's first address in the recording; its low 16 bits are
    /// 0.
    var anchor: UInt64
    /// First address of the substitute area.
    var start: UInt64
  }

  static let bits: UInt64 = 42
  /// Mask of the bits that are the offset of an address within its area.
  static let mask: UInt64 = 1 << bits - 1
  /// Number of areas in the 64-bit address space.
  private static let count: UInt64 = 1 << (64 - bits)
  /// The first substitute area. It begins at 2^44, where a process can have memory.
  private static let first: UInt64 = 4

  private static let pageBits: UInt64 = 10
  /// Entries by area number: the anchor in the upper 32 bits, the number of the substitute area in
  /// the lower 32. The entry of an area without a substitute is 0.
  private var pages: [[UInt64]] = Array(repeating: [], count: Int(Self.count >> Self.pageBits))
  private var used: UInt64 = 0

  /// The area of an address. A new area gets the next substitute.
  mutating func area(of address: UInt64) -> Area {
    let number = address >> Self.bits
    let (page, index) = (Int(number >> Self.pageBits), Int(number & (1 << Self.pageBits - 1)))
    if pages[page].isEmpty { pages[page] = Array(repeating: 0, count: 1 << Self.pageBits) }
    if pages[page][index] == 0 {
      // Area 0 is never a substitute, because it contains the numbers that are not changed.
      let place = 1 + (Self.first - 1 + used) % (Self.count - 1)
      // Each half of the entry has 32 bits. Without its low 16 bits, the anchor has 26 bits. The
      // number of an area has 22.
      pages[page][index] = ((address & Self.mask) >> 16) << 32 | place
      used += 1
    }
    let entry = pages[page][index]
    return Area(anchor: (entry >> 32) << 16, start: (entry & 0xffff_ffff) << Self.bits)
  }
}
