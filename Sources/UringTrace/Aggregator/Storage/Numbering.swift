/// Short numbers for keys that many objects refer to.
///
/// Bounded: a full table forgets all keys. No number is issued twice, so the number of a forgotten
/// key never stands for another key.
struct Numbering<Key: Hashable> {
  struct Number: Hashable {
    fileprivate let value: UInt32

    /// Bits for a key of an ``AddressTable``; never 0.
    var bits: UInt64 { UInt64(value) }
  }

  private var numbers: [Key: Number] = [:]
  private var keys: [Number: Key] = [:]
  private var last: UInt32 = 0
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  /// Returns the key's number. Issues a new number if the key has none; returns nil if all 4
  /// billion numbers have been issued.
  mutating func number(of key: Key) -> Number? {
    if let known = numbers[key] { return known }
    guard last < .max else { return nil }
    if numbers.count >= limit {
      numbers.removeAll()
      keys.removeAll()
    }
    last += 1
    let number = Number(value: last)
    numbers[key] = number
    keys[number] = key
    return number
  }

  /// The key of a number; nil if it was forgotten.
  func key(of number: Number) -> Key? { keys[number] }
}
