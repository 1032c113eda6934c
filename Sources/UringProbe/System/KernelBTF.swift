import BPFObjects
import CBPF
import CProbe
import Glibc
import UringBase

/// The running kernel's type information (BTF), as far as the BPF programs depend on it.
///
/// One pass over the kernel's types (about 120,000) collects everything. With libbpf, each look-up
/// by name would be a pass of its own.
struct KernelBTF: Sendable {
  /// Number of parameters of each io_uring tracepoint, by the tracepoint's name without
  /// `io_uring_`.
  private(set) var tracepointParameters: [String: Int] = [:]
  /// Type number of each io_uring tracepoint, by the names used in ``tracepointParameters``.
  private var tracepointTypes: [String: UInt32] = [:]
  /// Bit numbers of `REQ_F_*`, by name without the prefix. CO-RE cannot supply them to the
  /// programs, because the enum is anonymous.
  private(set) var requestFlagBits: [String: UInt32] = [:]
  /// Parameter counts of those of ``functions`` that the kernel has.
  private(set) var functionParameters: [String: Int] = [:]
  /// Type numbers of those of ``functions`` that the kernel has.
  private(set) var functionTypes: [String: UInt32] = [:]
  /// Module and type number of each function in the modules' type information.
  private var moduleFunctions: [String: (module: String, type: UInt32)] = [:]
  /// Type numbers of ``castStructs``, by `enum probe_cast`; 0 for a struct that does not exist.
  private(set) var castTypes = [UInt32](repeating: 0, count: Int(PROBE_CASTS.rawValue))
  /// The file of types from which libbpf relocates the BPF objects.
  let relocationTypes: RelocationTypes
  /// Members of `io_ring_ctx`, including those of its anonymous structs.
  private(set) var ringFields: Set<String> = []
  /// The structs that the initializer's caller asked for and that the kernel has.
  private(set) var structs: Set<String> = []

  /// True if the kernel runs tracepoint programs with preemption enabled (7.x). While a program is
  /// preempted, the kernel skips its runs for other events on the same CPU (twins.h).
  ///
  /// These kernels have the SRCU domain `tracepoint_srcu`. Kernels up to 6.12 have a domain of the
  /// same name for tracepoints of the idle loop, but no `struct tracepoint_ext`. Kernels from 6.13
  /// to 6.18 have no such domain.
  var hasPreemptibleTracepoints: Bool { hasTracepointDomain && hasTracepointExtension }
  private var hasTracepointDomain = false
  private var hasTracepointExtension = false

  /// The struct for each value of `enum probe_cast`.
  private static let castStructs: [(cast: probe_cast, name: StaticString)] = [
    (PROBE_CAST_FILE, "file"), (PROBE_CAST_INODE, "inode"),
    (PROBE_CAST_IO_CMD_DATA, "io_cmd_data"), (PROBE_CAST_IO_KIOCB, "io_kiocb"),
    (PROBE_CAST_IO_MAPPED_UBUF, "io_mapped_ubuf"), (PROBE_CAST_IO_RSRC_NODE, "io_rsrc_node"),
    (PROBE_CAST_IO_URING, "io_uring"),
    (PROBE_CAST_PT_REGS, "pt_regs"), (PROBE_CAST_SUPER_BLOCK, "super_block"),
    (PROBE_CAST_TASK_STRUCT, "task_struct"),
  ]
  /// Kernel functions that the BPF programs attach to or call. Their names must pass
  /// ``isLikely(_:)``.
  private static let functions = SharedFlush.functions.union([
    "bpf_iter_task", "bpf_iter_task_file",
  ])
  /// Modules whose types or functions the BPF programs name.
  private static let modules = ["fuse", "ublk_drv"]

  /// Reads /sys/kernel/btf/vmlinux, and copies the types that the BPF programs name.
  ///
  /// - Parameter wantedStructs: names that ``structs`` contains if the kernel has them; they must
  ///   start with `bpf_iter__`.
  init(structs wantedStructs: Set<String> = []) throws(ProbeError) {
    let relocationTypes = try RelocationTypes()
    self.relocationTypes = relocationTypes
    guard let btf = try BTFTable("/sys/kernel/btf/vmlinux") else {
      throw ProbeError(
        .unsupportedKernel,
        "this kernel has no BTF (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF)")
    }
    let names = TypeNames(of: EmbeddedObject.all)
    var found: Set<UInt64> = []
    var copy = try TypeCopy(from: btf)
    for id in btf.ids {
      guard let type = btf.type(id) else { break }
      let kind = BTFKind(rawValue: UInt32(btf_kind(type)))
      switch kind {
      case .structure, .union, .enumeration, .enumeration64, .typedef:
        let name = btf.name(of: type)
        if kind == .typedef { noteTracepoint(name, id, type.pointee.type, in: btf) }
        if kind == .structure { noteStruct(name, id, type, wantedStructs, in: btf) }
        if kind == .enumeration, name[0] == 0 { readFlags(of: type, in: btf) }
        if name[0] != 0, let hash = names.find(name) {
          found.insert(hash)
          try copy.add(id)
        }
      case .function:
        let name = btf.name(of: type)
        guard Self.isLikely(name) else { continue }
        let function = String(cString: name)
        if Self.functions.contains(function),
          let prototype = btf.type(type.pointee.type)
        {
          functionParameters[function] = Int(btf_vlen(prototype))
          functionTypes[function] = id
        }
      case .variable:
        let name = btf.name(of: type)
        if hasPrefix(name, "tracepoint_srcu") { hasTracepointDomain = true }
      default: continue
      }
    }
    for module in Self.modules {
      try readModule(module, over: btf, names, except: found, &copy)
    }
    try relocationTypes.fill(from: copy)
  }

  /// True if a function with this name may be one of ``functions``. Most names fail this test, so
  /// no String is created for them.
  private static func isLikely(_ name: UnsafePointer<CChar>) -> Bool {
    name[0] == UInt8(ascii: "_") || name[0] == UInt8(ascii: "b") || hasPrefix(name, "io_")
      || hasPrefix(name, "fuse_z")
  }

  private mutating func noteTracepoint(
    _ name: UnsafePointer<CChar>, _ id: UInt32, _ pointer: UInt32, in btf: BTFTable
  ) {
    guard hasPrefix(name, "btf_trace_io_uring_") else { return }
    let tracepoint = String(cString: name + "btf_trace_io_uring_".utf8.count)
    tracepointParameters[tracepoint] = Self.parameters(ofPointer: pointer, in: btf)
    tracepointTypes[tracepoint] = id
  }

  private mutating func noteStruct(
    _ name: UnsafePointer<CChar>, _ id: UInt32, _ type: UnsafePointer<btf_type>,
    _ wanted: Set<String>, in btf: BTFTable
  ) {
    for (cast, castName) in Self.castStructs
    where name[0] == CChar(bitPattern: castName.utf8Start[0])
      && strcmp(name, castName.utf8Text) == 0
    {
      castTypes[Int(cast.rawValue)] = id
    }
    if strcmp(name, "io_ring_ctx") == 0 {
      addRingFields(of: type, in: btf)
    } else if hasPrefix(name, "tracepoint_ext") {
      hasTracepointExtension = true
    } else if hasPrefix(name, "bpf_iter__") {
      let text = String(cString: name)
      if wanted.contains(text) { structs.insert(text) }
    }
  }

  /// Adds the functions of a module, and copies the types that the BPF programs name and that the
  /// kernel itself lacks (not in `found`).
  private mutating func readModule(
    _ module: String, over kernel: BTFTable, _ names: TypeNames, except found: Set<UInt64>,
    _ copy: inout TypeCopy
  ) throws(ProbeError) {
    guard let btf = try BTFTable("/sys/kernel/btf/\(module)", over: kernel) else { return }
    copy.goOn(with: btf)
    for id in btf.ids {
      guard let type = btf.type(id) else { break }
      let name = btf.name(of: type)
      guard name[0] != 0 else { continue }
      switch BTFKind(rawValue: UInt32(btf_kind(type))) {
      case .structure, .union, .enumeration, .enumeration64, .typedef:
        if let hash = names.find(name), !found.contains(hash) { try copy.add(id) }
      case .function: moduleFunctions[String(cString: name)] = (module, id)
      default: continue
      }
    }
  }

  /// Returns the type to which a BPF program attaches, by the program's section name, and the
  /// module that defines it (nil: the kernel). Returns nil if the kernel lacks the type.
  func target(ofSection section: String) -> (module: String?, type: UInt32)? {
    guard let slash = section.firstIndex(of: "/") else { return nil }
    let name = String(section[section.index(after: slash)...])
    switch section[..<slash] {
    case "tp_btf":
      return tracepointTypes[String(name.dropFirst("io_uring_".count))].map { (nil, $0) }
    case "iter": return functionTypes["bpf_iter_\(name)"].map { (nil, $0) }
    case "fentry":
      return functionTypes[name].map { (nil, $0) }
        ?? moduleFunctions[name].map { ($0.module, $0.type) }
    default: return nil
    }
  }

  /// Returns the mask of the flag `REQ_F_` + `name`; 0 if the kernel lacks the flag.
  func requestFlag(_ name: String) -> UInt64 {
    requestFlagBits[name].map { 1 << UInt64($0) } ?? 0
  }

  /// Returns the parameter count of a tracepoint. Its type `btf_trace_*` is a pointer to the
  /// prototype of a probe function. That function's first parameter is not counted: it is the
  /// probe's private data.
  private static func parameters(ofPointer id: UInt32, in btf: BTFTable) -> Int {
    guard let pointer = btf.type(id), let prototype = btf.type(pointer.pointee.type) else {
      return 0
    }
    return max(0, Int(btf_vlen(prototype)) - 1)
  }

  private mutating func addRingFields(of type: UnsafePointer<btf_type>, in btf: BTFTable) {
    guard let members = btf_members(type) else { return }
    for index in 0..<Int(btf_vlen(type)) {
      if members[index].name_off != 0 {
        ringFields.insert(String(cString: btf.name(members[index].name_off)))
      } else if let nested = btf.type(members[index].type),
        BTFKind(rawValue: UInt32(btf_kind(nested))) == .structure
      {
        addRingFields(of: nested, in: btf)
      }
    }
  }

  /// Reads the enum of `REQ_F_*_BIT` if `type` is that enum.
  private mutating func readFlags(of type: UnsafePointer<btf_type>, in btf: BTFTable) {
    let count = Int(btf_vlen(type))
    guard count > 0, let values = btf_enum(type) else { return }
    guard hasPrefix(btf.name(values[0].name_off), "REQ_F_") else { return }
    for index in 0..<count {
      let name = String(cString: btf.name(values[index].name_off))
      guard name.hasPrefix("REQ_F_"), name.hasSuffix("_BIT") else { continue }
      requestFlagBits[String(name.dropFirst(6).dropLast(4))] = UInt32(values[index].val)
    }
  }
}

/// `BTF_KIND_*` of include/uapi/linux/btf.h. libbpf's header defines macros of the same names,
/// which makes the C names ambiguous in Swift.
enum BTFKind: UInt32 {
  case integer = 1
  case pointer = 2
  case array = 3
  case structure = 4
  case union = 5
  case enumeration = 6
  case forward = 7
  case typedef = 8
  case volatile = 9
  case constant = 10
  case restrict = 11
  case function = 12
  case prototype = 13
  case variable = 14
  case dataSection = 15
  case float = 16
  case declarationTag = 17
  case typeTag = 18
  case enumeration64 = 19
}

extension StaticString {
  fileprivate var utf8Text: UnsafePointer<CChar> {
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

private func hasPrefix(_ text: UnsafePointer<CChar>, _ prefix: StaticString) -> Bool {
  let length = prefix.utf8CodeUnitCount
  return strncmp(text, prefix.utf8Start, length) == 0
}
