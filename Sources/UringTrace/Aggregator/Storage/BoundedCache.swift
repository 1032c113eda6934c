/// A dictionary that is emptied when it reaches its limit: for names and other facts that arrive again, or that views
/// can do without.
///
/// Other objects must not keep an index into it. For numbers that they can keep, see ``Numbering``.
package struct BoundedCache<Key: Hashable, Value> {
  package private(set) var entries: [Key: Value] = [:]
  private let limit: Int

  package init(limit: Int) {
    self.limit = max(limit, 1)
  }

  package var isEmpty: Bool { entries.isEmpty }

  package subscript(_ key: Key) -> Value? {
    get { entries[key] }
    set {
      if newValue != nil, entries.count >= limit, entries[key] == nil { entries.removeAll() }
      entries[key] = newValue
    }
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
    // Most calls find no match: the dictionary is then not copied.
    guard entries.keys.contains(where: isUnwanted) else { return }
    entries = entries.filter { !isUnwanted($0.key) }
  }
}
