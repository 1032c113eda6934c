import BPFObjects
import CBPF
import CProbe
import Glibc
import UringBase

/// One BPF object file: opened, configured, loaded and attached.
///
/// Programs, maps and attachments are not pinned. The kernel removes them when this value ends, or
/// when the process ends or is killed.
struct BPFObject: ~Copyable {
  private let object: OpaquePointer
  private var links: [OpaquePointer] = []
  private let name: String

  init(_ embedded: EmbeddedObject, _ relocationTypes: RelocationTypes) throws(ProbeError) {
    cbpf_log_capture()
    cbpf_resolve_targets()
    cbpf_log_clear()
    let name = "\(embedded.name)"
    let bytes = embedded.bytes()
    var options = bpf_object_open_opts()
    options.sz = MemoryLayout<bpf_object_open_opts>.size
    let opened = bytes.withUnsafeBytes { bytes in
      name.withCString { name in
        relocationTypes.path.withCString { path in
          options.object_name = name
          options.btf_custom_path = path
          return bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
        }
      }
    }
    guard let opened else {
      throw ProbeError(
        .system, "cannot open the BPF object \(name): \(errorText(errno))", details: Self.log())
    }
    object = opened
    self.name = name
  }

  deinit {
    for link in links { bpf_link__destroy(link) }
    bpf_object__close(object)
  }

  // MARK: Before the load

  /// Sets the variable `config` in .rodata, which contains the constants of the BPF programs.
  func configure(_ configuration: probe_config) throws(ProbeError) {
    var size = 0
    guard let map = bpf_object__find_map_by_name(object, ".rodata"),
      let value = UnsafeMutableRawPointer(
        mutating: UnsafeRawPointer(bpf_map__initial_value(map, &size))),
      let offset = offset(of: "config", in: ".rodata"),
      offset + MemoryLayout<probe_config>.size <= size
    else { throw ProbeError(.system, "the BPF object \(name) has no configuration") }
    value.storeBytes(of: configuration, toByteOffset: offset, as: probe_config.self)
  }

  /// Offset of a variable in its section (.rodata, .bss).
  func offset(of variable: String, in section: String) -> Int? {
    guard let btf = bpf_object__btf(object) else { return nil }
    let id = btf__find_by_name_kind(btf, section, BTFKind.dataSection.rawValue)
    guard id > 0, let section = btf__type_by_id(btf, UInt32(id)) else { return nil }
    guard let variables = btf_var_secinfos(section) else { return nil }
    for index in 0..<Int(btf_vlen(section)) {
      guard let type = btf__type_by_id(btf, variables[index].type),
        let name = btf__name_by_offset(btf, type.pointee.name_off)
      else { continue }
      if String(cString: name) == variable { return Int(variables[index].offset) }
    }
    return nil
  }

  /// Excludes all programs except `wanted` from the load.
  func disable(allBut wanted: Set<String>) {
    var program = bpf_object__next_program(object, nil)
    while let current = program {
      if !wanted.contains(String(cString: bpf_program__name(current))) {
        bpf_program__set_autoload(current, false)
      }
      program = bpf_object__next_program(object, current)
    }
  }

  /// Opens an object and loads the wanted programs. If the kernel refuses an optional program, the
  /// object is opened and loaded again without it.
  ///
  /// - Parameters:
  ///   - wanted: on return, the programs that were loaded.
  ///   - refused: receives each refused program with its error.
  ///   - isOptional: returns true if the other programs are useful without the named program.
  static func load(
    _ embedded: EmbeddedObject, on kernel: KernelBTF, _ wanted: inout Set<String>,
    refused: inout [String: ProbeError], isOptional: (String) -> Bool,
    prepare: (borrowing BPFObject) throws(ProbeError) -> Void
  ) throws(ProbeError) -> BPFObject {
    while true {
      let object = try BPFObject(embedded, kernel.relocationTypes)
      try prepare(object)
      object.disable(allBut: wanted)
      do throws(ProbeError) {
        try object.load(on: kernel)
        return object
      } catch {
        guard let name = error.refusedProgram, wanted.contains(name), isOptional(name) else {
          throw error
        }
        wanted.remove(name)
        refused[name] = error
      }
    }
  }

  func setEntries(_ count: UInt32, of map: String) {
    guard let map = bpf_object__find_map_by_name(object, map) else { return }
    bpf_map__set_max_entries(map, count)
  }

  /// Makes the object use another object's map, given by its descriptor, instead of its own map.
  func share(_ map: String, descriptor: Int32) throws(ProbeError) {
    guard let own = bpf_object__find_map_by_name(object, map),
      bpf_map__reuse_fd(own, descriptor) == 0
    else {
      throw ProbeError(.system, "cannot share the BPF map \(map): \(errorText(errno))")
    }
  }

  /// Makes the object use the capture object's maps instead of its own maps of the same names.
  func share(_ maps: [String], of capture: borrowing CaptureObject) throws(ProbeError) {
    for map in maps { try share(map, descriptor: capture.mapDescriptor(map)) }
  }

  // MARK: Load and attach

  /// Number of descriptors that must be free before a load. libbpf opens descriptors to test for
  /// kernel features. If it cannot open one, it assumes that the kernel lacks the feature, and the
  /// load fails with a misleading error.
  private static let freeDescriptors = 24

  private func requireDescriptors() throws(ProbeError) {
    var taken: [Int32] = []
    defer { for descriptor in taken { close(descriptor) } }
    for _ in 0..<Self.freeDescriptors {
      let descriptor = cbpf_eventfd()
      guard descriptor >= 0 else {
        throw ProbeError.refusal(
          descriptor, otherwise: .system, "the kernel refused the BPF programs (\(name))")
      }
      taken.append(descriptor)
    }
  }

  func load(on kernel: KernelBTF) throws(ProbeError) {
    try requireDescriptors()
    let modules = ModuleTypes()
    var targets: [cbpf_target] = []
    var program = bpf_object__next_program(object, nil)
    while let current = program {
      if bpf_program__autoload(current), Self.hasTarget(current) {
        targets.append(try target(of: current, on: kernel, modules))
      }
      program = bpf_object__next_program(object, current)
    }
    cbpf_log_clear()
    let castFunction = kernel.functionTypes["bpf_rdonly_cast"] ?? 0
    let result = targets.withUnsafeBufferPointer { targets in
      kernel.castTypes.withUnsafeBufferPointer { castTypes in
        var knowledge = cbpf_kernel(
          targets: targets.baseAddress, target_count: targets.count, cast_mark: PROBE_CAST,
          cast_function: castFunction, cast_types: castTypes.baseAddress)
        return cbpf_load(object, &knowledge)
      }
    }
    guard result != 0 else { return }
    throw ProbeError.refusal(
      result, otherwise: result == -EACCES ? .refused : .unsupportedKernel,
      "the kernel refused the BPF programs (\(name))", details: Self.log())
  }

  /// True if the program attaches to a BTF type of the kernel. Programs on system calls do not:
  /// they attach by the tracepoint's id.
  private static func hasTarget(_ program: OpaquePointer) -> Bool {
    !String(cString: bpf_program__section_name(program)).hasPrefix("tp/")
  }

  private func target(
    of program: OpaquePointer, on kernel: KernelBTF, _ modules: ModuleTypes
  ) throws(ProbeError) -> cbpf_target {
    let section = String(cString: bpf_program__section_name(program))
    guard let (module, type) = kernel.target(ofSection: section) else {
      throw ProbeError(.unsupportedKernel, "this kernel lacks the attach target of \(section)")
    }
    return cbpf_target(
      program: program, type: type,
      module: try module.map { module throws(ProbeError) in try modules.descriptor(of: module) }
        ?? 0)
  }

  /// Attaches a program to the target in its section name.
  mutating func attach(_ name: String) throws(ProbeError) {
    cbpf_log_clear()
    guard let program = bpf_object__find_program_by_name(object, name) else {
      throw ProbeError(.system, "there is no BPF program \(name)")
    }
    guard let link = bpf_program__attach_trace(program) else {
      throw ProbeError.refusal(
        errno, otherwise: .refused, "the kernel refused to attach \(name)", details: Self.log())
    }
    links.append(link)
  }

  /// Attaches a program to one system call's tracepoint.
  mutating func attach(
    _ name: String, toSystemCall tracepoint: String, in tracefs: borrowing Tracefs
  ) throws(ProbeError) {
    cbpf_log_clear()
    let identifier = try tracefs.identifier(of: tracepoint, in: "syscalls")
    guard let program = bpf_object__find_program_by_name(object, name),
      let link = cbpf_attach_tracepoint(program, identifier)
    else {
      throw ProbeError.refusal(
        errno, otherwise: .refused, "the kernel refused to attach to \(tracepoint)",
        details: Self.log())
    }
    links.append(link)
  }

  /// Attaches an iterator over all tasks (`tgid` 0), or over the threads of one process. The
  /// iterator stays attached as long as this object exists; ``Iterator/run(into:)`` runs it.
  mutating func attachIterator(_ name: String, tgid: UInt32 = 0) throws(ProbeError) -> Iterator {
    guard let program = bpf_object__find_program_by_name(object, name),
      let link = cbpf_attach_iterator(program, tgid)
    else {
      throw ProbeError.refusal(
        errno, otherwise: .refused, "the kernel refused the iterator \(name)")
    }
    links.append(link)
    return Iterator(link: bpf_link__fd(link), name: name)
  }

  /// Like ``attachIterator(_:tgid:)``, but the iterator is detached when the result is destroyed.
  func temporaryIterator(_ name: String, tgid: UInt32) throws(ProbeError) -> TemporaryIterator {
    guard let program = bpf_object__find_program_by_name(object, name),
      let link = cbpf_attach_iterator(program, tgid)
    else {
      throw ProbeError.refusal(
        errno, otherwise: .refused, "the kernel refused the iterator \(name)")
    }
    return TemporaryIterator(link, name)
  }

  /// An attached iterator that is detached when this value is destroyed.
  struct TemporaryIterator: ~Copyable {
    private let link: OpaquePointer
    private let iterator: Iterator

    fileprivate init(_ link: OpaquePointer, _ name: String) {
      self.link = link
      iterator = Iterator(link: bpf_link__fd(link), name: name)
    }

    deinit { bpf_link__destroy(link) }

    /// Runs the iterator and returns the first sighting (output record) that passes the test; nil
    /// if none passes or the read fails.
    func first(where passes: (probe_sighting) -> Bool) -> probe_sighting? {
      let descriptor = bpf_iter_create(iterator.link)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      return withUnsafeTemporaryAllocation(of: probe_sighting.self, capacity: 32) { sightings in
        while true {
          let bytes = read(
            descriptor, sightings.baseAddress, sightings.count * MemoryLayout<probe_sighting>.size)
          if bytes < 0, errno == EINTR || errno == EAGAIN { continue }
          guard bytes > 0 else { return nil }
          let count = bytes / MemoryLayout<probe_sighting>.size
          if let found = sightings.prefix(count).first(where: passes) { return found }
        }
      }
    }
  }

  /// An attached iterator, valid as long as its ``BPFObject`` exists.
  struct Iterator: Sendable {
    fileprivate let link: Int32
    fileprivate let name: String

    /// Runs the iterator once over all its tasks and appends its output.
    func run(into output: inout [UInt8]) throws(ProbeError) {
      let descriptor = bpf_iter_create(link)
      guard descriptor >= 0 else {
        throw ProbeError(.system, "cannot run the iterator \(name): \(errorText(descriptor))")
      }
      defer { close(descriptor) }
      while true {
        var count = 0
        output.append(addingCapacity: 32768) { destination in
          count = read(descriptor, destination.baseAddress, destination.count)
          return max(0, count)
        }
        if count == 0 { return }
        if count < 0 {
          if errno == EINTR || errno == EAGAIN { continue }
          throw ProbeError(.system, "the iterator \(name) failed: \(errorText(errno))")
        }
      }
    }
  }

  /// Returns, by program, the number of runs that the kernel skipped because the CPU was already
  /// running the program. Programs without skipped runs are omitted.
  func missedRuns() -> [String: UInt64] {
    var missed: [String: UInt64] = [:]
    var program = bpf_object__next_program(object, nil)
    while let current = program {
      defer { program = bpf_object__next_program(object, current) }
      let descriptor = bpf_program__fd(current)
      var info = bpf_prog_info()
      var size = UInt32(MemoryLayout<bpf_prog_info>.size)
      guard descriptor >= 0, bpf_obj_get_info_by_fd(descriptor, &info, &size) == 0,
        info.recursion_misses > 0
      else { continue }
      missed[String(cString: bpf_program__name(current))] = info.recursion_misses
    }
    return missed
  }

  /// Returns the number of skipped runs of all programs together.
  func missedRunCount() -> UInt64 { missedRuns().values.reduce(0, &+) }

  /// Value of the only variable (64 bits) in a data section.
  func value(of section: String) -> UInt64 {
    var (key, value) = (UInt32(0), UInt64(0))
    return bpf_map_lookup_elem(mapDescriptor(section), &key, &value) == 0 ? value : 0
  }

  func mapDescriptor(_ name: String) -> Int32 {
    guard let map = bpf_object__find_map_by_name(object, name) else { return -1 }
    return bpf_map__fd(map)
  }

  private static func log() -> String {
    var text = [CChar](repeating: 0, count: 16385)
    let length = cbpf_log_copy(&text, text.count)
    return CString.decode(text[..<length])
  }
}

extension [UInt8] {
  /// Appends the bytes that `fill` writes; `fill` returns their number.
  mutating func append(
    addingCapacity capacity: Int, filledBy fill: (UnsafeMutableRawBufferPointer) -> Int
  ) {
    let start = count
    append(contentsOf: repeatElement(0, count: capacity))
    let written = withUnsafeMutableBytes { bytes in
      fill(UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
    }
    removeSubrange((start + written)...)
  }
}

/// A BPF map's memory, shared with the kernel.
struct MappedArray: ~Copyable {
  let address: UnsafeMutableRawPointer
  private let size: Int

  /// Uses memory that is not a map and that outlives this value, for tests.
  init(borrowing memory: UnsafeMutableRawPointer) {
    address = memory
    size = 0
  }

  init(
    descriptor: Int32, size: Int, offset: Int = 0, isReadOnly: Bool = false
  ) throws(ProbeError) {
    let pageSize = Int(getpagesize())
    self.size = (size + pageSize - 1) / pageSize * pageSize
    guard
      let address = mmap(
        nil, self.size, isReadOnly ? PROT_READ : PROT_READ | PROT_WRITE,
        MAP_SHARED, descriptor, off_t(offset)),
      address != MAP_FAILED
    else { throw ProbeError(.system, "cannot map a BPF map: \(errorText(errno))") }
    self.address = address
  }

  deinit { if size > 0 { munmap(address, size) } }

  /// The memory as 64-bit words.
  func words(from offset: Int, count: Int) -> UnsafeMutableBufferPointer<UInt64> {
    UnsafeMutableBufferPointer(
      start: (address + offset).assumingMemoryBound(to: UInt64.self), count: count)
  }
}
