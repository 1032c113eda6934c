/// A dictionary that forgets the oldest quarter of its entries when it reaches its limit. Suitable
/// for names and other facts that later records repeat, or that views can do without.
///
/// Other objects must not keep references to its entries. For numbers that other objects can keep,
/// see ``Numbering``.
package struct BoundedCache<Key: Hashable, Value> {
  package private(set) var entries: [Key: Value] = [:]
  /// Keys in the order of their insertion. Can contain keys that have been removed, and the same
  /// key more than once.
  private(set) var order: [Key] = []
  private let limit: Int

  package init(limit: Int) {
    self.limit = max(limit, 1)
  }

  package var isEmpty: Bool { entries.isEmpty }

  package subscript(_ key: Key) -> Value? {
    get { entries[key] }
    set {
      if newValue != nil, entries[key] == nil { makeRoom(for: key) }
      entries[key] = newValue
    }
  }

  private mutating func makeRoom(for key: Key) {
    if entries.count >= limit {
      let kept = limit - max(1, limit / 4)
      var forgotten = 0
      while entries.count > kept {
        entries[order[forgotten]] = nil
        forgotten += 1
      }
      order.removeFirst(forgotten)
    }
    if order.count >= 2 * limit {
      var seen: Set<Key> = []
      order = order.reversed().filter { entries[$0] != nil && seen.insert($0).inserted }.reversed()
    }
    order.append(key)
  }

  /// Sets a value and returns the one it replaces.
  @discardableResult
  package mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
    let old = entries[key]
    self[key] = value
    return old
  }

  package mutating func removeValue(forKey key: Key) -> Value? {
    entries.removeValue(forKey: key)
  }

  package mutating func removeAll(where isUnwanted: (Key) -> Bool) {
    // Most calls find no match. This test then avoids a copy of the dictionary.
    guard entries.keys.contains(where: isUnwanted) else { return }
    entries = entries.filter { !isUnwanted($0.key) }
  }
}
