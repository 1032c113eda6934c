/// Short numbers for keys that many others refer to.
///
/// Bounded: when the table is full it forgets all keys. It never issues a number twice, so a number from
/// before stands for no key afterwards, and never for another one.
struct Numbering<Key: Hashable> {
  /// The number of a key.
  struct Number: Hashable {
    fileprivate let value: UInt32

    /// Part of a key for an ``AddressTable``; never 0.
    var bits: UInt64 { UInt64(value) }
  }

  private var numbers: [Key: Number] = [:]
  private var keys: [Number: Key] = [:]
  private var last: UInt32 = 0
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  /// Finds the key's number or issues one. Nil once 4 billion have been issued.
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

  /// The key, nil if it was forgotten.
  func key(of number: Number) -> Key? { keys[number] }
}
