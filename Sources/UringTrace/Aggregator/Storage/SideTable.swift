/// A tracker's own state for each element of another tracker's ``Pool``, by the element's handle.
///
/// The table's owner resets an entry when the pool reuses the slot. Calls such as `ringBegan`
/// announce the reuse.
struct SideTable<Element: ~Copyable, Value>: ~Copyable {
  private var memory: Memory
  /// The address of the values in ``memory``, stored here so that an access needs one look-up.
  private var values: UnsafeMutablePointer<Value>
  private var capacity = 16
  private let initial: Value

  /// Owner of the values, which frees them. A class, because with Swift 6.3 a `deinit` of the table
  /// was not called if the table was a stored property.
  private final class Memory {
    let base: UnsafeMutablePointer<Value>
    var count: Int

    init(capacity: Int) {
      base = .allocate(capacity: capacity)
      count = capacity
    }

    deinit {
      base.deinitialize(count: count)
      base.deallocate()
    }
  }

  init(_ initial: Value) {
    self.initial = initial
    memory = Memory(capacity: capacity)
    values = memory.base
    values.initialize(repeating: initial, count: capacity)
  }

  /// Makes room for the element and sets its initial value.
  mutating func reset(_ handle: Handle<Element>) {
    if Int(handle.index) >= capacity { grow(toHold: Int(handle.index)) }
    values[Int(handle.index)] = initial
  }

  /// The element's value. Only for elements that ``reset(_:)`` has made room for.
  subscript(_ handle: Handle<Element>) -> Value {
    @inline(__always)
    unsafeAddress {
      precondition(Int(handle.index) < capacity)
      return UnsafePointer(values + Int(handle.index))
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(Int(handle.index) < capacity)
      return values + Int(handle.index)
    }
  }

  private mutating func grow(toHold index: Int) {
    var newCapacity = capacity
    while newCapacity <= index { newCapacity *= 2 }
    let new = Memory(capacity: newCapacity)
    new.base.moveInitialize(from: values, count: capacity)
    (new.base + capacity).initialize(repeating: initial, count: newCapacity - capacity)
    memory.count = 0
    (memory, values, capacity) = (new, new.base, newCapacity)
  }
}
