import CBPF
import Glibc

/// What the running kernel's type information says about io_uring, gathered in one pass.
///
/// libbpf's look-ups by name walk all of some 100,000 types each time; one walk answers everything.
struct KernelBTF: Sendable {
  /// Parameters of each io_uring tracepoint, by name without `io_uring_`.
  private(set) var tracepointParameters: [String: Int] = [:]
  /// Bits of `REQ_F_*`, by name without the prefix. The enum is anonymous, which CO-RE refuses.
  private(set) var requestFlagBits: [String: UInt32] = [:]
  /// Parameters of the functions that were asked for and are there.
  private(set) var functionParameters: [String: Int] = [:]
  /// Type numbers of the same functions.
  private(set) var functionTypes: [String: UInt32] = [:]
  /// Members of `io_ring_ctx`, those in its nameless structs included.
  private(set) var ringFields: Set<String> = []
  /// The structs that were asked for and are there.
  private(set) var structs: Set<String> = []

  /// Tracepoints are called with preemption on (7.x): a program can be missed.
  ///
  /// They stand under the SRCU domain `tracepoint_srcu`. Up to 6.12 there was one of the same name, for
  /// tracepoints of the idle loop; those kernels have no `struct tracepoint_ext`, and 6.13 to 6.18 no
  /// such domain.
  var hasPreemptibleTracepoints: Bool { hasTracepointDomain && hasTracepointExtension }
  private var hasTracepointDomain = false
  private var hasTracepointExtension = false

  /// Reads /sys/kernel/btf/vmlinux.
  init(functions: Set<String>, structs wantedStructs: Set<String>) throws(ProbeError) {
    guard let btf = btf__load_vmlinux_btf() else {
      throw ProbeError(
        .unsupportedKernel,
        "this kernel has no type information (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF)")
    }
    defer { btf__free(btf) }
    for id in 1..<btf__type_cnt(btf) {
      guard let type = btf__type_by_id(btf, id) else { break }
      switch BTFKind(rawValue: UInt32(btf_kind(type))) {
      case .typedef:
        let name = btf__name_by_offset(btf, type.pointee.name_off)!
        if hasPrefix(name, "btf_trace_io_uring_") {
          let tracepoint = String(cString: name + "btf_trace_io_uring_".utf8.count)
          tracepointParameters[tracepoint] = Self.parameters(ofPointer: type.pointee.type, in: btf)
        }
      case .enumeration where type.pointee.name_off == 0:
        readFlags(of: type, in: btf)
      case .function:
        let name = btf__name_by_offset(btf, type.pointee.name_off)!
        // most begin otherwise: make a String only of a likely one
        guard
          name[0] == UInt8(ascii: "_") || name[0] == UInt8(ascii: "b") || hasPrefix(name, "io_")
            || hasPrefix(name, "fuse_z")
        else { continue }
        let function = String(cString: name)
        if functions.contains(function), let prototype = btf__type_by_id(btf, type.pointee.type) {
          functionParameters[function] = Int(btf_vlen(prototype))
          functionTypes[function] = id
        }
      case .structure:
        let name = btf__name_by_offset(btf, type.pointee.name_off)!
        if strcmp(name, "io_ring_ctx") == 0 { addRingFields(of: type, in: btf) }
        if hasPrefix(name, "tracepoint_ext") { hasTracepointExtension = true }
        guard hasPrefix(name, "bpf_iter__") else { continue }
        let text = String(cString: name)
        if wantedStructs.contains(text) { structs.insert(text) }
      case .variable:
        let name = btf__name_by_offset(btf, type.pointee.name_off)!
        if hasPrefix(name, "tracepoint_srcu") { hasTracepointDomain = true }
      default: continue
      }
    }
  }

  /// The mask of a request flag, 0 where the kernel has none such.
  func requestFlag(_ name: String) -> UInt64 {
    requestFlagBits[name].map { 1 << UInt64($0) } ?? 0
  }

  /// `btf_trace_*` is a pointer to the probe's prototype, whose first parameter is the probe's own.
  private static func parameters(ofPointer id: UInt32, in btf: OpaquePointer) -> Int {
    guard let pointer = btf__type_by_id(btf, id),
      let prototype = btf__type_by_id(btf, pointer.pointee.type)
    else { return 0 }
    return max(0, Int(btf_vlen(prototype)) - 1)
  }

  private mutating func addRingFields(of type: UnsafePointer<btf_type>, in btf: OpaquePointer) {
    guard let members = btf_members(type) else { return }
    for index in 0..<Int(btf_vlen(type)) {
      if members[index].name_off != 0 {
        ringFields.insert(String(cString: btf__name_by_offset(btf, members[index].name_off)))
      } else if let nested = btf__type_by_id(btf, members[index].type),
        BTFKind(rawValue: UInt32(btf_kind(nested))) == .structure
      {
        addRingFields(of: nested, in: btf)
      }
    }
  }

  /// Takes the enum of `REQ_F_*_BIT` if this is it.
  private mutating func readFlags(of type: UnsafePointer<btf_type>, in btf: OpaquePointer) {
    let count = Int(btf_vlen(type))
    guard count > 0, let values = btf_enum(type) else { return }
    guard hasPrefix(btf__name_by_offset(btf, values[0].name_off)!, "REQ_F_") else { return }
    for index in 0..<count {
      let name = String(cString: btf__name_by_offset(btf, values[index].name_off)!)
      guard name.hasPrefix("REQ_F_"), name.hasSuffix("_BIT") else { continue }
      requestFlagBits[String(name.dropFirst(6).dropLast(4))] = UInt32(values[index].val)
    }
  }
}

/// `BTF_KIND_*` of include/uapi/linux/btf.h, which libbpf's header defines once more as macros: the
/// two together are ambiguous in Swift.
enum BTFKind: UInt32 {
  case structure = 4
  case enumeration = 6
  case typedef = 8
  case function = 12
  case variable = 14
  case dataSection = 15
}

private func hasPrefix(_ text: UnsafePointer<CChar>, _ prefix: StaticString) -> Bool {
  let length = prefix.utf8CodeUnitCount
  return strncmp(text, prefix.utf8Start, length) == 0
}
