import FuzzDriver

extension [UInt8] {
  /// A copy that was changed without regard to its structure.
  func changedAnywhere(limit: Int, _ random: inout Random) -> [UInt8] {
    #if LIBFUZZER
      return [UInt8](unsafeUninitializedCapacity: Swift.max(limit, count)) { buffer, size in
        _ = buffer.initialize(from: self)
        size = LLVMFuzzerMutate(buffer.baseAddress!, count, limit)
      }
    #else
      return changedByHand(limit: limit, &random)
    #endif
  }

  /// Some bytes changed, removed, repeated or added.
  private func changedByHand(limit: Int, _ random: inout Random) -> [UInt8] {
    var bytes = self
    let place = random.below(bytes.count + 1)
    let length = Swift.min(1 + random.below(16), bytes.count - place)
    switch random.below(4) {
    case 0 where length > 0: bytes[place] ^= 1 << UInt8(random.below(8))
    case 1: bytes.removeSubrange(place..<place + length)
    case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    default:
      let number = random.border()
      let added = (0..<1 << random.below(4)).map {
        UInt8(truncatingIfNeeded: number >> (8 * UInt64($0)))
      }
      bytes.insert(contentsOf: added, at: place)
    }
    return bytes.count <= limit ? bytes : self
  }
}
