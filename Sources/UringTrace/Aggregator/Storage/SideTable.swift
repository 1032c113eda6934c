/// A tracker's own state for each element of another tracker's ``Pool``, by the element's handle.
///
/// The owner resets an entry when the pool reuses the slot; calls such as "ring began" announce that.
struct SideTable<Element: ~Copyable, Value>: ~Copyable {
  private var values: UnsafeMutablePointer<Value>
  private var capacity = 16
  private let initial: Value

  init(_ initial: Value) {
    self.initial = initial
    values = .allocate(capacity: capacity)
    values.initialize(repeating: initial, count: capacity)
  }

  deinit {
    values.deinitialize(count: capacity)
    values.deallocate()
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
    let new = UnsafeMutablePointer<Value>.allocate(capacity: newCapacity)
    new.moveInitialize(from: values, count: capacity)
    (new + capacity).initialize(repeating: initial, count: newCapacity - capacity)
    values.deallocate()
    (values, capacity) = (new, newCapacity)
  }
}
