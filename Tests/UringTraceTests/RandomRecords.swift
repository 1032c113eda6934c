import CRecord
import UringRecords

@testable import UringTrace

/// Random records of every kind with valid headers. They use few different addresses and numbers,
/// so that several records often refer to the same object.
struct RandomRecords {
  static let kinds = RecordKind.all

  /// Numbers that no record kind has.
  static let unknownKinds = (UInt8.min...UInt8.max).filter { number in
    !kinds.contains { $0.rawValue == number }
  }

  static let rings = 5
  static let requests = 12

  private static let commands = GroupProviderTraits.all.flatMap { $0.commands.map(\.number) }

  private var random: SeededRandom
  /// Upper bound of the records' times, in nanoseconds; nil for any time.
  private let timeRange: UInt64?

  init(seed: UInt64, timeRange: UInt64? = nil) {
    random = SeededRandom(state: seed)
    self.timeRange = timeRange
  }

  /// Returns a valid record of a kind: complete, with a ring and a request.
  mutating func next(_ kind: RecordKind) -> [UInt64] {
    let size = kind.minimumSize + below(4) * 24
    var words = (0..<(size + 7) / 8).map { _ in word() }
    words[0] = timeRange.map { random.next() % $0 } ?? random.next()
    words[1] = UInt64(1 + below(Self.rings)) * 4096
    words[2] = UInt64(1 + below(Self.requests)) * 256
    words[3] = header(kind: kind.rawValue, size: words.count * 8)
    return words
  }

  /// Returns a record of a random kind. Most are valid; the others have no ring or no request, are
  /// cut short, or are of an unknown kind.
  mutating func next() -> [UInt64] {
    var words = next(Self.kinds[below(Self.kinds.count)])
    switch below(30) {
    case 0: words[1] = 0
    case 1...5: words[2] = 0
    case 6: words[3] = header(kind: UInt8(words[3] >> 48 & 0xff), size: below(words.count * 8))
    case 7:
      let kind = Self.unknownKinds[below(Self.unknownKinds.count)]
      words[3] = header(kind: kind, size: words.count * 8)
    default: break
    }
    return words
  }

  private mutating func header(kind: UInt8, size: Int) -> UInt64 {
    let opcode = below(4) == 0 ? op("URING_CMD").rawValue : UInt8(below(70))
    return UInt64(below(8)) | UInt64(size) << 32 | UInt64(kind) << 48 | UInt64(opcode) << 56
  }

  /// Returns a random 64-bit word for a record. A word holds one or more fields.
  private mutating func word() -> UInt64 {
    switch below(9) {
    case 0: UInt64(below(Self.requests)) * 256
    case 1: UInt64(below(Self.rings)) * 4096
    // Addresses of nodes, buffers and devices.
    case 2: UInt64(below(6)) << 16
    case 3: UInt64(below(8)) | UInt64(below(8)) << 32
    case 4: random.next() & 0x0003_0003_0003_0003
    case 5: random.next() & 0x0303_0303_0303_0303
    case 6: 0
    case 7: UInt64(Self.commands[below(Self.commands.count)])
    default: random.next()
    }
  }

  private mutating func below(_ limit: Int) -> Int { Int(random.next() >> 33) % max(limit, 1) }
}

/// Pseudo-random numbers, the same in each run (xorshift64*).
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
