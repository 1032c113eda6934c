import BPFObjects

/// The set of type names that the BPF programs use, without the suffix ___x of a CO-RE flavour.
///
/// The name of every type of the kernel is looked up. For speed, the set contains only hashes, so
/// an unrelated name can match by a collision.
struct TypeNames {
  private var hashes: Set<UInt64> = []
  /// Bitmap for fast rejection of names: bit n is set if the low 16 bits of a hash equal n.
  private var endings = [UInt64](repeating: 0, count: 1 << 16 / 64)

  /// Collects the type names that the programs of these objects use.
  init(of objects: [EmbeddedObject]) {
    for object in objects {
      for name in "\(object.typeNames)".split(separator: " ") {
        let hash = String(name).withCString { Self.hash($0) }
        hashes.insert(hash)
        endings[Int(hash & 0xffff) / 64] |= 1 << (hash % 64)
      }
    }
  }

  /// Returns the hash of a name if the set contains it, else nil.
  func find(_ name: UnsafePointer<CChar>) -> UInt64? {
    let hash = Self.hash(name)
    guard endings[Int(hash & 0xffff) / 64] >> (hash % 64) & 1 == 1 else { return nil }
    return hashes.contains(hash) ? hash : nil
  }

  /// Returns the FNV-1a hash of a name up to the suffix ___x.
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
