import CBPF
import Glibc
import Testing

@testable import UringProbe

/// Tests of reading and copying the kernel's types (BTF), by comparison with libbpf's own reader.
/// The tests need no root privileges.
@Suite(.enabled(if: access("/sys/kernel/btf/vmlinux", R_OK) == 0, "no type information"))
struct KernelTypeTests {
  @Test func tableReadsWhatLibbpfReads() throws {
    let table = try #require(try BTFTable("/sys/kernel/btf/vmlinux"))
    let reference = try LibbpfTypes(try #require(btf__load_vmlinux_btf()))
    #expect(table.ids.lowerBound == 1)
    try #require(table.ids.upperBound == reference.ids.upperBound)
    for id in table.ids {
      let (type, expected) = (try #require(table.type(id)), try #require(reference.type(id)))
      guard memcmp(type, expected, MemoryLayout<btf_type>.size) == 0,
        strcmp(table.name(of: type), reference.name(of: expected)) == 0
      else {
        Issue.record("type \(id) differs")
        return
      }
    }
    #expect(table.type(0) == nil)
    #expect(table.type(table.ids.upperBound) == nil)
  }

  /// The reduced copy of the kernel's BTF has everything that CO-RE relocations need: sizes,
  /// members and values of each type that the BPF programs name.
  @Test func copyHasTheKernelsLayouts() throws {
    let kernel = try KernelBTF()
    #expect(!kernel.castTypes.contains(0))
    let copy = try LibbpfTypes(try #require(btf__parse(kernel.relocationTypes.path, nil)))
    let reference = try LibbpfTypes(try #require(btf__load_vmlinux_btf()))
    var copies: [String: [UInt32]] = [:]
    for id in copy.ids {
      if let name = copy.nameOfLayout(id) { copies[name, default: []].append(id) }
    }
    var layouts: [String: Set<String>] = [:]
    for id in reference.ids {
      guard let name = reference.nameOfLayout(id), copies[name] != nil else { continue }
      layouts[name, default: []].insert(reference.layout(id))
    }
    for (name, ids) in copies {
      for id in ids { #expect(layouts[name]?.contains(copy.layout(id)) == true, "\(name)") }
    }
    let names = Set(copies.keys)
    #expect(names.isSuperset(of: ["io_ring_ctx", "io_kiocb", "task_struct", "io_uring_op"]))
    // The copy has far fewer types than the kernel.
    #expect(copy.ids.count * 4 < reference.ids.count)
  }

  @Test func anythingElseThanTypeInformationIsRefused() throws {
    #expect(try BTFTable("/sys/kernel/btf/there is none such") == nil)
    #expect(throws: ProbeError.self) { try BTFTable("/proc/self/exe") }
  }
}

/// BTF types as libbpf reads them.
private final class LibbpfTypes {
  private let btf: OpaquePointer

  init(_ btf: OpaquePointer) throws { self.btf = btf }

  deinit { btf__free(btf) }

  var ids: Range<UInt32> { 1..<btf__type_cnt(btf) }
  func type(_ id: UInt32) -> UnsafePointer<btf_type>? { btf__type_by_id(btf, id) }
  func name(of type: UnsafePointer<btf_type>) -> UnsafePointer<CChar> {
    name(type.pointee.name_off)
  }
  private func name(_ offset: UInt32) -> UnsafePointer<CChar> { btf__name_by_offset(btf, offset)! }

  /// Returns the name of a struct, union or enum; nil for any other type.
  func nameOfLayout(_ id: UInt32) -> String? {
    guard let type = type(id), btf_is_composite(type) || btf_is_any_enum(type) else { return nil }
    let name = String(cString: name(of: type))
    return name.isEmpty ? nil : name
  }

  /// Returns, as text, the part of a type that the copy contains. Nested types appear with their
  /// members.
  func layout(_ id: UInt32) -> String {
    guard id != 0, let type = type(id) else { return "void" }
    let name = String(cString: name(of: type))
    let count = Int(btf_vlen(type))
    switch BTFKind(rawValue: UInt32(btf_kind(type))) {
    case .volatile, .constant, .restrict, .typeTag: return layout(type.pointee.type)
    case .pointer: return "pointer"
    case .typedef: return "\(name)=\(layout(type.pointee.type))"
    case .array:
      let array = btf_array(type)!.pointee
      return "\(layout(array.type))[\(array.nelems)]"
    case .integer: return "\(name):\(type.pointee.size)/\(btf_int_encoding(type))"
    case .structure, .union:
      let members = UnsafeBufferPointer(start: btf_members(type), count: count).enumerated().map {
        index, member in
        let (offset, bits) = (
          btf_member_bit_offset(type, UInt32(index)), btf_member_bitfield_size(type, UInt32(index))
        )
        let name = String(cString: self.name(member.name_off))
        return "\(name)@\(offset)/\(bits) \(layout(member.type))"
      }
      return "\(btf_kind(type)) \(name):\(type.pointee.size){\(members.joined(separator: ";"))}"
    case .enumeration:
      let values = UnsafeBufferPointer(start: btf_enum(type), count: count).map {
        "\(String(cString: self.name($0.name_off)))=\($0.val)"
      }
      return "enum \(name):\(type.pointee.size){\(values.joined(separator: ";"))}"
    case .enumeration64:
      let values = UnsafeBufferPointer(start: btf_enum64(type), count: count).map {
        "\(String(cString: self.name($0.name_off)))=\(wide($0))"
      }
      return "enum64 \(name):\(type.pointee.size){\(values.joined(separator: ";"))}"
    default: return "\(btf_kind(type)) \(name)"
    }
  }

  private func wide(_ value: btf_enum64) -> UInt64 {
    UInt64(value.val_hi32) << 32 | UInt64(value.val_lo32)
  }
}
