/// The slot of an element in a ``Pool``.
///
/// 4 bytes in release builds. Debug builds add the slot's generation: an assertion then catches the
/// use of a handle after its slot was given back.
struct Handle<Element: ~Copyable>: Hashable, Sendable {
  let index: UInt32
  #if DEBUG
    let generation: UInt32
  #endif

  /// Called only by ``Pool``, and for entries of an ``AddressTable`` that are marked
  /// ``AddressTable/Mark/past``. The index of such an entry is a position in the history.
  @inline(__always)
  init(index: UInt32, generation: @autoclosure () -> UInt32) {
    self.index = index
    #if DEBUG
      self.generation = generation()
    #endif
  }

  /// The handle of no element. No pool grows to this index.
  static var none: Self {
    @inline(__always) get { Self(index: .max, generation: 0) }
  }

  @inline(__always)
  static func == (one: Self, other: Self) -> Bool {
    #if DEBUG
      return one.index == other.index && one.generation == other.generation
    #else
      return one.index == other.index
    #endif
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(index)
  }

  /// The handle, or nil for ``none``.
  var ifAny: Self? { self == .none ? nil : self }
}
