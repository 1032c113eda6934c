/// The ``OpcodeProperties`` that are needed for every record, indexed by opcode number without
/// bounds checks.
struct OpcodeTraitTable: ~Copyable {
  private struct Traits {
    var direction = OpcodeProperties.Direction.none
    var multishotIOPrio: UInt16 = 0
    var multishotLength: UInt32 = 0
    var multishotFlags: UInt32 = 0
    var isAlwaysMultishot = false
    /// True if any of the multishot conditions above can apply.
    var canBeMultishot = false
    /// Bits of `ioprio` (``fixedFlags``: of the opcode's flags) that make the request use a
    /// registered buffer.
    var fixedIOPrio: UInt16 = 0
    var fixedFlags: UInt32 = 0
    /// True if the opcode always uses a registered buffer, provides buffers, or is a driver command
    /// or zero-copy send.
    var alwaysTouchesBuffers = false
    /// True if a request of this opcode can be multishot or use buffers even without a bit of
    /// `sqe->flags`. If false, only IOSQE_BUFFER_SELECT and the group flag make a request special
    /// (``isSpecial(_:_:)``).
    var canBeSpecial = false
    /// Negative results that are not errors; 0 in unused elements.
    var normalErrors: InlineArray<2, Int32> = [0, 0]
  }

  private let traits: UnsafeMutablePointer<Traits>

  init() {
    traits = .allocate(capacity: 256)
    traits.initialize(repeating: Traits(), count: 256)
    for opcode in Opcode.all {
      let properties = opcode.properties
      var entry = Traits()
      entry.direction = properties.direction
      entry.canBeMultishot = true
      switch properties.fixedBufferFlag {
      case .ioprio(let mask): entry.fixedIOPrio = mask
      case .flags(let mask): entry.fixedFlags = mask
      case .never, .always, .length: break
      }
      entry.alwaysTouchesBuffers =
        properties.usesFixedBuffer || properties.isZeroCopySend || opcode.isDriverCommand
        || opcode == .provideBuffers || opcode == .removeBuffers
      switch properties.multishot {
      case .never: entry.canBeMultishot = false
      case .always: entry.isAlwaysMultishot = true
      case .ioprio(let mask): entry.multishotIOPrio = mask
      case .length(let mask): entry.multishotLength = mask
      case .flags(let mask): entry.multishotFlags = mask
      }
      for (index, error) in properties.normalErrors.prefix(2).enumerated() {
        entry.normalErrors[index] = error
      }
      entry.canBeSpecial =
        entry.canBeMultishot || entry.alwaysTouchesBuffers || entry.fixedIOPrio != 0
        || entry.fixedFlags != 0
      traits[Int(opcode.rawValue)] = entry
    }
  }

  deinit {
    traits.deallocate()
  }

  /// The direction of the bytes that a positive result counts.
  @inline(__always)
  func direction(_ opcode: Opcode) -> OpcodeProperties.Direction {
    traits[Int(opcode.rawValue)].direction
  }

  /// True if the request may use a registered or provided buffer, or be in an SQE group.
  @inline(__always)
  func touchesBuffers(_ opcode: Opcode, _ sqe: SQE) -> Bool {
    let entry = traits[Int(opcode.rawValue)]
    return entry.alwaysTouchesBuffers
      || sqe.flags & (SQEFlags.bufferSelect.rawValue | SQEFlags.group) != 0
      || sqe.ioprio & entry.fixedIOPrio != 0 || sqe.op_flags & entry.fixedFlags != 0
  }

  /// True if the request can post several CQEs or use buffers, according to its SQE.
  @inline(__always)
  func isSpecial(_ opcode: Opcode, _ sqe: UnsafePointer<SQE>) -> Bool {
    if sqe.pointee.flags & (SQEFlags.bufferSelect.rawValue | SQEFlags.group) != 0 { return true }
    guard traits[Int(opcode.rawValue)].canBeSpecial else { return false }
    return isMultishot(opcode, sqe.pointee, isKnown: true) || touchesBuffers(opcode, sqe.pointee)
  }

  /// True if a result is an error rather than the opcode's normal end.
  @inline(__always)
  func isError(_ result: Int32, of opcode: Opcode) -> Bool {
    guard result < 0 else { return false }
    let normal = traits[Int(opcode.rawValue)].normalErrors
    return result != normal[0] && result != normal[1]
  }

  /// True if the request can post several CQEs. If its SQE is not known, true if its opcode can.
  @inline(__always)
  func isMultishot(_ opcode: Opcode, _ sqe: SQE, isKnown: Bool) -> Bool {
    let entry = traits[Int(opcode.rawValue)]
    guard entry.canBeMultishot else { return false }
    return entry.isAlwaysMultishot || !isKnown || sqe.ioprio & entry.multishotIOPrio != 0
      || sqe.len & entry.multishotLength != 0 || sqe.op_flags & entry.multishotFlags != 0
  }
}
