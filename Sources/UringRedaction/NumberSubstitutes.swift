/// Addresses and other numbers that replace those of a recording. The same number always gets the same substitute.
///
/// Substitutes are assigned in the order in which the numbers first appear, so redacting a redacted recording changes
/// nothing.
struct NumberSubstitutes {
  private var kernel: [UInt64: UInt64] = [:]
  private var areas: [UInt64: Area] = [:]
  private var inodes: [UInt64: UInt64] = [:]
  private var others: [UInt64: UInt64] = [:]

  /// Maximum number of entries kept: more than real recordings need, and a limit for forged recordings.
  static let most = 1 << 21

  /// 4 TiB of addresses.
  private struct Area {
    /// The first address, without its low 16 bits.
    var anchor: UInt64
    /// First substitute.
    var start: UInt64
  }

  private static let areaBits: UInt64 = 42
  /// Number of areas among the 64-bit numbers.
  private static let areaCount: UInt64 = 1 << (64 - areaBits)
  /// Substitutes begin at 2^44, where a process can have memory.
  private static let firstArea: UInt64 = 4

  var isFull: Bool { kernel.count + areas.count + inodes.count + others.count > Self.most }

  /// The substitute of a kernel address. Numbers below 64 KiB are no addresses.
  mutating func kernel(_ address: UInt64) -> UInt64 {
    guard address >= 1 << 16 else { return address }
    if let known = kernel[address] { return known }
    let substitute = 0xffff_0000_0000_0000 | UInt64(kernel.count + 1) << 8
    kernel[address] = substitute
    return substitute
  }

  /// The substitute of an address in a process, or of an application's number that can be an address.
  ///
  /// Numbers below 64 KiB stay, positive or negative: nothing is mapped there. Within an area, addresses keep their
  /// distances and their low 16 bits, so that overlap, adjacency and alignment of memory remain visible.
  mutating func user(_ address: UInt64, keepingBelow limit: UInt64 = 1 << 16) -> UInt64 {
    guard address >= limit, address < 0 &- (1 << 16) else { return address }
    let mask: UInt64 = 1 << Self.areaBits - 1
    let number = address >> Self.areaBits
    let area: Area
    if let known = areas[number] {
      area = known
    } else {
      // Area 0 is not used, because it contains the numbers that are not changed.
      let place = 1 + (Self.firstArea - 1 + UInt64(areas.count)) % (Self.areaCount - 1)
      area = Area(anchor: address & mask & ~0xffff, start: place << Self.areaBits)
      areas[number] = area
    }
    // The area's first address becomes the middle of the substitute's area.
    return area.start | ((address & mask) &- area.anchor &+ 1 << (Self.areaBits - 1)) & mask
  }

  mutating func inode(_ number: UInt64) -> UInt64 { Self.number(number, in: &inodes) }

  /// The substitute of a number. 0 and negative numbers stay.
  mutating func other(_ number: UInt64) -> UInt64 {
    Int64(bitPattern: number) < 0 ? number : Self.number(number, in: &others)
  }

  private static func number(_ value: UInt64, in known: inout [UInt64: UInt64]) -> UInt64 {
    guard value != 0 else { return 0 }
    if let number = known[value] { return number }
    let number = UInt64(known.count + 1)
    known[value] = number
    return number
  }
}
