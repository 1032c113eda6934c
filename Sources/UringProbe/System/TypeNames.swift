import BPFObjects

/// Names of types, without the suffix ___x of a flavour.
///
/// Looked up for every type of the kernel, so by hash: an unrelated name may match by a collision.
struct TypeNames {
  private var hashes: Set<UInt64> = []
  /// Fast rejection: bit n is set if a hash ends in n.
  private var endings = [UInt64](repeating: 0, count: 1 << 16 / 64)

  /// Collects the type names in the programs of all objects.
  init(of objects: [EmbeddedObject]) {
    for object in objects {
      for name in "\(object.typeNames)".split(separator: " ") {
        let hash = String(name).withCString { Self.hash($0) }
        hashes.insert(hash)
        endings[Int(hash & 0xffff) / 64] |= 1 << (hash % 64)
      }
    }
  }

  /// The name's hash if it is in the set.
  func find(_ name: UnsafePointer<CChar>) -> UInt64? {
    let hash = Self.hash(name)
    guard endings[Int(hash & 0xffff) / 64] >> (hash % 64) & 1 == 1 else { return nil }
    return hashes.contains(hash) ? hash : nil
  }

  /// FNV-1a.
  private static func hash(_ name: UnsafePointer<CChar>) -> UInt64 {
    let underscore = CChar(bitPattern: UInt8(ascii: "_"))
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var rest = name
    while rest[0] != 0 {
      if rest[0] == underscore, rest[1] == underscore, rest[2] == underscore { break }
      hash = (hash ^ UInt64(UInt8(bitPattern: rest[0]))) &* 0x100_0000_01b3
      rest += 1
    }
    return hash
  }
}
