/// Addresses and other numbers that replace those of a recording. The same number always gets the
/// same substitute.
///
/// Substitutes are assigned in the order in which the numbers first appear, so redacting a redacted
/// recording changes nothing.
struct NumberSubstitutes {
  private var kernel: [UInt64: UInt64] = [:]
  private var areas = AreaTable()
  private var inodes: [UInt64: UInt64] = [:]
  private var others: [UInt64: UInt64] = [:]

  /// Number of substitutes, without those in ``areas``, whose table has a fixed maximum size.
  var count: Int { kernel.count + inodes.count + others.count }

  /// The substitute of a kernel address. Numbers below 64 KiB are not addresses, and stay.
  mutating func kernel(_ address: UInt64) -> UInt64 {
    guard address >= 1 << 16 else { return address }
    if let known = kernel[address] { return known }
    let substitute = 0xffff_0000_0000_0000 | UInt64(kernel.count + 1) << 8
    kernel[address] = substitute
    return substitute
  }

  /// The substitute of an address in a process, or of a number that the application chose and that
  /// may be an address.
  ///
  /// Numbers of a magnitude below 64 KiB stay, positive or negative, because nothing is mapped
  /// there. Within an area, addresses keep their distances and their low 16 bits. Overlap,
  /// adjacency and alignment of memory therefore remain visible.
  mutating func user(_ address: UInt64, keepingBelow limit: UInt64 = 1 << 16) -> UInt64 {
    guard address >= limit, address < 0 &- (1 << 16) else { return address }
    let area = areas.area(of: address)
    // The area's first address in the recording becomes the middle of the substitute area.
    let offset = (address & AreaTable.mask) &- area.anchor &+ 1 << (AreaTable.bits - 1)
    return area.start | offset & AreaTable.mask
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
