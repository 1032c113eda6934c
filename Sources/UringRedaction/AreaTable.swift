/// Areas of 4 TiB of addresses, and their substitutes. The table of all areas takes 32 MiB.
struct AreaTable {
  struct Area {
    /// The area's first address in the recording, relative to the area, without its low 16 bits.
    var anchor: UInt64
    /// First substitute.
    var start: UInt64
  }

  static let bits: UInt64 = 42
  /// The part of an address within its area.
  static let mask: UInt64 = 1 << bits - 1
  /// Number of areas among the 64-bit numbers.
  private static let count: UInt64 = 1 << (64 - bits)
  /// Substitutes begin at 2^44, where a process can have memory.
  private static let first: UInt64 = 4

  private static let pageBits: UInt64 = 10
  /// By the number of an area: its anchor, and in the low bits, which are free, its place; 0 for one without a substitute.
  private var pages: [[UInt64]] = Array(repeating: [], count: Int(Self.count >> Self.pageBits))
  private var used: UInt64 = 0

  /// The area of an address. A new area gets the next substitute.
  mutating func area(of address: UInt64) -> Area {
    let number = address >> Self.bits
    let (page, index) = (Int(number >> Self.pageBits), Int(number & (1 << Self.pageBits - 1)))
    if pages[page].isEmpty { pages[page] = Array(repeating: 0, count: 1 << Self.pageBits) }
    if pages[page][index] == 0 {
      // Area 0 is not used, because it contains the numbers that are not changed.
      let place = 1 + (Self.first - 1 + used) % (Self.count - 1)
      // The anchor has 26 bits above the 16 that it lacks, the place 22.
      pages[page][index] = ((address & Self.mask) >> 16) << 32 | place
      used += 1
    }
    let entry = pages[page][index]
    return Area(anchor: (entry >> 32) << 16, start: (entry & 0xffff_ffff) << Self.bits)
  }
}
