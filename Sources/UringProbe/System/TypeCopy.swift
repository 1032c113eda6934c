import CBPF
import Glibc

/// A BTF object with copies of some of the kernel's types, and of the types that these contain.
///
/// Types that are only pointed to are not copied: CO-RE does not compare the targets of pointers.
struct TypeCopy: ~Copyable {
  let target: OpaquePointer
  private var source: BTFTable
  /// The type number of each copy in `target`, by the type's number in `source`.
  private var copies: [UInt32: Int32] = [:]

  init(from source: BTFTable) throws(ProbeError) {
    guard let target = btf__new_empty() else { throw Self.failure(errno) }
    self.target = target
    self.source = source
  }

  deinit { btf__free(target) }

  static func failure(_ code: Int32) -> ProbeError {
    ProbeError(.system, "cannot copy the kernel's types: \(errorText(code))")
  }

  /// Makes a module's table the source of further copies. Keeps the copies of the kernel's types,
  /// and forgets those of another module, whose types have the same numbers.
  mutating func goOn(with module: BTFTable) {
    let first = module.ids.lowerBound
    copies = copies.filter { $0.key < first }
    source = module
  }

  mutating func add(_ id: UInt32) throws(ProbeError) { _ = try copy(id) }

  /// Copies a type after the types that it contains, and returns the number of the copy; 0 means
  /// void or a type that is not copied.
  private mutating func copy(_ id: UInt32) throws(ProbeError) -> Int32 {
    if let copy = copies[id] { return copy }
    guard id != 0, let type = source.type(id) else { return 0 }
    let name = source.name(of: type)
    let copy: Int32
    switch BTFKind(rawValue: UInt32(btf_kind(type))) {
    case .integer:
      copy = btf__add_int(
        target, name, Int(type.pointee.size), Int32(btf_int_encoding(type)))
    case .float: copy = btf__add_float(target, name, Int(type.pointee.size))
    case .pointer: copy = btf__add_ptr(target, 0)
    case .array:
      let array = btf_array(type)!.pointee
      let (index, element) = (try self.copy(array.index_type), try self.copy(array.type))
      copy = btf__add_array(target, index, element, array.nelems)
    case .structure: copy = try copyMembers(of: type) { btf__add_struct($0, name, $1) }
    case .union: copy = try copyMembers(of: type) { btf__add_union($0, name, $1) }
    case .enumeration:
      copy = btf__add_enum(target, name, type.pointee.size)
      try Self.check(copy)
      try copyValues(of: type)
    case .enumeration64:
      copy = btf__add_enum64(target, name, type.pointee.size, btf_kflag(type))
      try Self.check(copy)
      try copyWideValues(of: type)
    case .forward:
      copy = btf__add_fwd(target, name, btf_kflag(type) ? BTF_FWD_UNION : BTF_FWD_STRUCT)
    case .typedef: copy = btf__add_typedef(target, name, try self.copy(type.pointee.type))
    case .volatile, .constant, .restrict, .typeTag: copy = try self.copy(type.pointee.type)
    case .function, .prototype, .variable, .dataSection, .declarationTag, nil: copy = 0
    }
    try Self.check(copy)
    copies[id] = copy
    return copy
  }

  /// Copies a struct or union. The types of all members are copied before `begin` adds the struct,
  /// because libbpf adds members to the type that was added last.
  private mutating func copyMembers(
    of type: UnsafePointer<btf_type>, begin: (OpaquePointer, UInt32) -> Int32
  ) throws(ProbeError) -> Int32 {
    let count = Int(btf_vlen(type))
    let members = UnsafeBufferPointer(start: btf_members(type), count: count)
    var types: [Int32] = []
    types.reserveCapacity(count)
    for member in members { types.append(try copy(member.type)) }
    let copy = begin(target, type.pointee.size)
    try Self.check(copy)
    for (index, member) in members.enumerated() {
      try Self.check(
        btf__add_field(
          target, source.name(member.name_off), types[index],
          btf_member_bit_offset(type, UInt32(index)),
          btf_member_bitfield_size(type, UInt32(index))))
    }
    return copy
  }

  private func copyValues(of type: UnsafePointer<btf_type>) throws(ProbeError) {
    let isSigned = btf_kflag(type)
    for value in UnsafeBufferPointer(start: btf_enum(type), count: Int(btf_vlen(type))) {
      try Self.check(
        btf__add_enum_value(
          target, source.name(value.name_off),
          isSigned ? Int64(value.val) : Int64(UInt32(bitPattern: value.val))))
    }
  }

  private func copyWideValues(of type: UnsafePointer<btf_type>) throws(ProbeError) {
    for value in UnsafeBufferPointer(start: btf_enum64(type), count: Int(btf_vlen(type))) {
      try Self.check(
        btf__add_enum64_value(
          target, source.name(value.name_off),
          UInt64(value.val_hi32) << 32 | UInt64(value.val_lo32)))
    }
  }

  private static func check(_ result: Int32) throws(ProbeError) {
    if result < 0 { throw failure(result) }
  }
}
