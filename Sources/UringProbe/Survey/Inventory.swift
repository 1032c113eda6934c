import BPFObjects
import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringRecords
import UringTrace

/// The inventory: BPF iterators that read the requests in flight from the kernel's own structures.
///
/// It finds requests older than the capture, the place (kernel structure) that holds each request,
/// and the kernel's count of each ring's outstanding requests. Its programs are loaded after all
/// others, and run once at the start and on request.
struct Inventory: ~Copyable {
  /// The rings or the request that one run examines.
  struct Scope {
    /// Addresses of the rings' `io_ring_ctx`.
    var rings: [UInt64]
    /// Processes that have the rings open. The block devices and sockets that they have open are
    /// examined too.
    var owners: [UInt32] = []
    /// Opcodes that pass the filter; empty for all.
    var opcodes: Set<Opcode> = []
    /// Start of the capture: a request whose submission was not recorded is older. 0 if such a
    /// request may be newer, because the filter may have excluded its ring until now.
    var observedSince: UInt64
    /// Address of the only request to report, without data about its ring; 0 for all requests.
    var request: UInt64 = 0
  }

  private let configuration: probe_config
  private let kernel: KernelBTF
  private let ringFileOperations: UInt64
  private var loaded: InventoryObject
  private var pass: UInt32 = 0
  private var symbols = KernelSymbols()

  /// Maximum number of output slots, one record each; they occupy 40 MiB.
  private static let mostSlots: UInt32 = 1 << 18

  init(
    configuration: probe_config, kernel: KernelBTF, ringFileOperations: UInt64
  ) throws(ProbeError) {
    self.configuration = configuration
    self.kernel = kernel
    self.ringFileOperations = ringFileOperations
    loaded = try InventoryObject(configuration: configuration, kernel: kernel, slots: 4096)
  }

  /// Runs the iterators and writes the result.
  ///
  /// - Returns: for each address of a `struct file`, a process with a descriptor of the file, or
  ///   nil if no process has one. Contains only the files of requests whose descriptor is not known
  ///   otherwise.
  @discardableResult
  mutating func run(
    _ scope: Scope, into records: inout RecordBuffer
  ) throws(ProbeError) -> [UInt64: FileHolder?] {
    guard !scope.rings.isEmpty else { return [:] }
    try walk(scope)
    let wanted = loaded.used
    if wanted > loaded.capacity, loaded.capacity < Self.mostSlots {
      // A quarter more slots than needed, for requests that are submitted before the second run.
      loaded = try InventoryObject(
        configuration: configuration, kernel: kernel,
        slots: min(Self.mostSlots, wanted + wanted / 4))
      try walk(scope)
    }
    let holders = loaded.takeHolders()
    write(scope, holders, into: &records)
    return holders
  }

  private mutating func walk(_ scope: Scope) throws(ProbeError) {
    pass += 1
    let start = MonotonicClock.now()
    let offsets =
      loaded.countsByReferences ? symbols.address(of: "__per_cpu_offset") ?? 0 : 0
    loaded.prepare(
      start: start, pass: pass, ringFileOperations: ringFileOperations, perCPUOffsets: offsets)
    defer { loaded.forget(scope.rings, scope.owners) }
    loaded.aim(at: scope.rings, scope.owners)
    try loaded.run()
  }

  // MARK: Records

  /// If the descriptor of a request is unknown, sets it to a descriptor of the same process that
  /// refers to the request's file.
  private static func completeDescriptor(
    of parked: inout record_parked, _ holders: [UInt64: FileHolder?]
  ) {
    guard parked.known & UInt8(RECORD_KNOWS_FD) == 0,
      !SQEFlags(requestFlags: parked.flags).contains(.fixedFile),
      let holder = holders[parked.file.file].flatMap(\.self), holder.tgid == parked.tgid
    else { return }
    parked.fd = holder.fd
    parked.known |= UInt8(RECORD_KNOWS_FD)
  }

  /// Writes the records of requests first. The aggregator compares the record of a ring's balance
  /// (its number of outstanding requests) with the requests that it knows when that record arrives.
  private mutating func write(
    _ scope: Scope, _ holders: [UInt64: FileHolder?], into records: inout RecordBuffer
  ) {
    let found = Found(loaded, scope)
    // Reserves more than the requests need, for the names and file states that follow. Memory that
    // is not written costs nothing, and a buffer that must grow becomes twice as large.
    let size = (found.order.count + found.others.count) * MemoryLayout<record_parked>.size
    records.reserve(bytes: size + size / 4 + (1 << 16))
    for index in found.order {
      loaded.withSlot(index) { slot in
        slot.withMemoryRebound(to: record_parked.self, capacity: 1) { parked in
          if scope.observedSince != 0, parked.pointee.known & UInt8(RECORD_KNOWS_START) == 0 {
            parked.pointee.since_ns = min(parked.pointee.since_ns, scope.observedSince)
          }
          Self.completeDescriptor(of: &parked.pointee, holders)
        }
        records.append(slot)
      }
    }
    writeStacks(scope, into: &records)
    if scope.request == 0 {
      records.append(record_disk_request.self, at: loaded.startTime)
    }
    for index in found.others {
      loaded.withSlot(index) { slot in
        let isWanted =
          scope.request == 0
          || [.requestFile, .heldBuffer].contains(slot.pointee.kind)
            && slot.pointee.req == scope.request
        guard isWanted else { return }
        if slot.pointee.kind == .ringBalance {
          slot.withMemoryRebound(to: record_ring_balance.self, capacity: 1) {
            $0.pointee.reached = found.reached[$0.pointee.base.ctx] ?? 0
            // The balance is unknown in two cases. A list that was not read to its end can contain
            // requests of any ring. A filter on opcodes keeps requests out of the model.
            if loaded.hasLeftLists || !scope.opcodes.isEmpty {
              $0.pointee.method = .unknown
              $0.pointee.outstanding = 0
            }
          }
        }
        records.append(slot)
      }
    }
  }

  /// An index of the output slots that lists each request once.
  private struct Found {
    /// Slots of requests in the order in which the iterators found them: the head of a link chain
    /// precedes the other requests of the chain.
    var order: [UInt32] = []
    /// Slots of all other records.
    var others: [UInt32] = []
    /// Addresses of the notifications (`io_kiocb` of the F_NOTIF CQE) of the zero-copy sends that
    /// were found. The list leaves the notifications out.
    private var claimed: Set<UInt64> = []
    /// Number of requests found, by address of the ring.
    var reached: [UInt64: UInt32] = [:]

    init(_ loaded: borrowing InventoryObject, _ scope: Scope) {
      var places: [UInt64: UInt32] = [:]
      let count = min(loaded.used, loaded.capacity)
      places.reserveCapacity(Int(count))
      for index in 0..<count {
        loaded.withSlot(index) { slot in
          guard slot.pointee.kind == .parked else {
            others.append(index)
            return
          }
          let opcode = Opcode(rawValue: slot.pointee.opcode)
          guard scope.opcodes.isEmpty || scope.opcodes.contains(opcode),
            scope.request == 0 || scope.request == slot.pointee.req
          else { return }
          if let earlier = places[slot.pointee.req] {
            loaded.withSlot(earlier) { Self.merge(slot, into: $0) }
          } else {
            places[slot.pointee.req] = index
            order.append(index)
            reached[slot.pointee.ctx, default: 0] += 1
          }
          slot.withMemoryRebound(to: record_parked.self, capacity: 1) {
            if $0.pointee.notif != 0 { claimed.insert($0.pointee.notif) }
          }
        }
      }
      order.removeAll { index in
        var isClaimed = false
        loaded.withSlot(index) { isClaimed = claimed.contains($0.pointee.req) }
        return isClaimed
      }
    }

    /// Merges two records of a request that is on two lists of the kernel. Keeps the place with the
    /// larger number in `RecordPlace`, which is the more exact one.
    private static func merge(
      _ new: UnsafeMutablePointer<record>, into old: UnsafeMutablePointer<record>
    ) {
      new.withMemoryRebound(to: record_parked.self, capacity: 1) { new in
        old.withMemoryRebound(to: record_parked.self, capacity: 1) { old in
          let behind = old.pointee.behind == 0 ? new.pointee.behind : old.pointee.behind
          if new.pointee.place.rawValue > old.pointee.place.rawValue { old.pointee = new.pointee }
          if old.pointee.behind == 0 { old.pointee.behind = behind }
        }
      }
    }
  }

  private mutating func writeStacks(_ scope: Scope, into records: inout RecordBuffer) {
    for index in 0..<loaded.stackCount {
      let stack = loaded.stack(index)
      guard scope.request == 0 || stack.req == scope.request else { continue }
      let frames = symbols.describe(stack)
      let text = Array(frames.joined(separator: "\n").utf8.prefix(8192))
      records.append(
        record_kernel_stack.self, at: loaded.startTime, ring: stack.ctx, request: stack.req,
        text: text
      ) {
        $0.base.tid = stack.tid
        $0.length = UInt32(text.count)
        $0.are_hidden = symbols.areHidden ? 1 : 0
      }
    }
  }
}

/// The inventory's BPF programs, and the memory that they share with user space.
private struct InventoryObject: ~Copyable {
  let capacity: UInt32
  private let object: BPFObject
  private let iterators: [BPFObject.Iterator]
  private let slots: MappedArray
  private let stacks: MappedArray
  private let variables: MappedArray
  private let stateOffset: Int
  private let targets: Int32
  private let owners: Int32
  private let soughtFiles: Int32
  /// True if the kernel has no counter of a ring's allocated requests (before 6.17), so references
  /// to the ring are counted.
  let countsByReferences: Bool

  init(
    configuration: probe_config, kernel: KernelBTF, slots count: UInt32
  ) throws(ProbeError) {
    var object = try BPFObject(.inventory, kernel.relocationTypes)
    try object.configure(configuration)
    object.setEntries(count, of: "slots")
    try object.load(on: kernel)
    let iterators = [
      try object.attachIterator("inventory_rings"),
      try object.attachIterator("inventory_registered"),
      try object.attachIterator("inventory_tasks"),
      try object.attachIterator("inventory_descriptors"),
    ]
    let slots = try MappedArray(
      descriptor: object.mapDescriptor("slots"), size: Int(count) * MemoryLayout<probe_slot>.size)
    let stacks = try MappedArray(
      descriptor: object.mapDescriptor("stacks"),
      size: Int(PROBE_MAX_STACKS) * MemoryLayout<probe_stack>.size)
    guard let offset = object.offset(of: "inventory", in: ".bss") else {
      throw ProbeError(.system, "the BPF object inventory has no inventory")
    }
    let variables = try MappedArray(
      descriptor: object.mapDescriptor(".bss"), size: Int(getpagesize()))
    capacity = count
    self.iterators = iterators
    self.slots = slots
    self.stacks = stacks
    self.variables = variables
    stateOffset = offset
    targets = object.mapDescriptor("targets")
    owners = object.mapDescriptor("owners")
    soughtFiles = object.mapDescriptor("sought_files")
    countsByReferences = configuration.counts_by_references != 0
    self.object = object
  }

  private var state: UnsafeMutablePointer<probe_inventory> {
    (variables.address + stateOffset).assumingMemoryBound(to: probe_inventory.self)
  }

  var startTime: UInt64 { state.pointee.start_ns }
  var used: UInt32 { state.pointee.used }
  var hasLeftLists: Bool { state.pointee.broken > 0 }
  var stackCount: UInt32 { min(state.pointee.stacks, UInt32(PROBE_MAX_STACKS)) }

  func prepare(start: UInt64, pass: UInt32, ringFileOperations: UInt64, perCPUOffsets: UInt64) {
    state.pointee = probe_inventory()
    state.pointee.start_ns = start
    state.pointee.pass = pass
    state.pointee.ring_file_operations = ringFileOperations
    state.pointee.per_cpu_offsets = perCPUOffsets
    state.pointee.processors = UInt32(Processors.possible)
    state.pointee.nodes = Procfs.possibleNodes
  }

  func aim(at rings: [UInt64], _ processes: [UInt32]) {
    for ring in rings {
      var (key, value) = (ring, UInt32(0))
      _ = bpf_map_update_elem(targets, &key, &value, 0)
    }
    for process in processes {
      var (key, value) = (process, UInt32(0))
      _ = bpf_map_update_elem(owners, &key, &value, 0)
    }
    state.pointee.looks_at_files = processes.isEmpty ? 0 : 1
  }

  func forget(_ rings: [UInt64], _ processes: [UInt32]) {
    for ring in rings {
      var key = ring
      _ = bpf_map_delete_elem(targets, &key)
    }
    for process in processes {
      var key = process
      _ = bpf_map_delete_elem(owners, &key)
    }
  }

  func run() throws(ProbeError) {
    var output: [UInt8] = []
    for iterator in iterators { try iterator.run(into: &output) }
  }

  /// Returns and clears the holders of requests' files, by address of the `struct file`; nil for a
  /// file of which no process has a descriptor.
  func takeHolders() -> [UInt64: FileHolder?] {
    var holders: [UInt64: FileHolder?] = [:]
    var key: UInt64 = 0
    while bpf_map_get_next_key(soughtFiles, nil, &key) == 0 {
      var value = UInt64.max
      if bpf_map_lookup_elem(soughtFiles, &key, &value) == 0 {
        holders[key] = .some(
          value == .max
            ? nil
            : FileHolder(
              tgid: UInt32(value >> 32), fd: Int32(truncatingIfNeeded: value)))
      }
      guard bpf_map_delete_elem(soughtFiles, &key) == 0 else { break }
    }
    return holders
  }

  func withSlot(_ index: UInt32, _ body: (UnsafeMutablePointer<record>) -> Void) {
    body(
      (slots.address + Int(index) * MemoryLayout<probe_slot>.size)
        .assumingMemoryBound(to: record.self))
  }

  func stack(_ index: UInt32) -> probe_stack {
    stacks.address.assumingMemoryBound(to: probe_stack.self)[Int(index)]
  }
}
