/// What the path of a record needs of ``OpcodeProperties``, by number and without checks.
struct OpcodeTraitTable: ~Copyable {
  private struct Traits {
    var direction = OpcodeProperties.Direction.none
    var multishotIOPrio: UInt16 = 0
    var multishotLength: UInt32 = 0
    var multishotFlags: UInt32 = 0
    var isAlwaysMultishot = false
    /// Any of the above.
    var canBeMultishot = false
    /// 0 in unused places.
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
      traits[Int(opcode.rawValue)] = entry
    }
  }

  deinit {
    traits.deallocate()
  }

  /// Where the bytes of a positive result went.
  @inline(__always)
  func direction(_ opcode: Opcode) -> OpcodeProperties.Direction {
    traits[Int(opcode.rawValue)].direction
  }

  /// Whether a result is an error, and not the way in which the opcode normally ends.
  @inline(__always)
  func isError(_ result: Int32, of opcode: Opcode) -> Bool {
    guard result < 0 else { return false }
    let normal = traits[Int(opcode.rawValue)].normalErrors
    return result != normal[0] && result != normal[1]
  }

  /// Whether several CQEs can come of it. Without the SQE: whether they could.
  @inline(__always)
  func isMultishot(_ opcode: Opcode, _ sqe: SQE, isKnown: Bool) -> Bool {
    let entry = traits[Int(opcode.rawValue)]
    guard entry.canBeMultishot else { return false }
    return entry.isAlwaysMultishot || !isKnown || sqe.ioprio & entry.multishotIOPrio != 0
      || sqe.len & entry.multishotLength != 0 || sqe.op_flags & entry.multishotFlags != 0
  }
}
