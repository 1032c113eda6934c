/// SplitMix64: the same numbers for the same seed.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// From 0 to `limit` - 1; 0 if there is none.
  mutating func below(_ limit: Int) -> Int { limit > 1 ? Int(next() % UInt64(limit)) : 0 }

  mutating func element<Element>(of elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[below(elements.count)]
  }

  /// A number at which arithmetic goes wrong, or near one.
  mutating func border() -> UInt64 {
    let shift = UInt64(below(64))
    return switch below(8) {
    case 0: 0
    case 1: UInt64(below(4))
    case 2: .max - UInt64(below(4))
    case 3: UInt64(Int64.max) &+ UInt64(below(4)) &- 1
    case 4: UInt64(UInt32.max) &+ UInt64(below(4)) &- 2
    case 5: 1 << shift
    case 6: (1 << shift) - 1
    default: next() >> shift
    }
  }
}
