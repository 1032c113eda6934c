import CBPF
import CProbe
import CRecord
import Glibc
import UringBase
import UringSources

/// Features that this kernel and this process's privileges allow, and the consequence of each
/// missing feature.
public struct Capabilities: Sendable, Hashable {
  /// A feature that may or may not be available.
  public struct Feature: Sendable, Hashable {
    /// Short name that does not change between versions: a key in JSON documents.
    public var name: String
    public var isAvailable: Bool
    /// Reason why the feature is not available, or a detail if it is; one line, may be empty.
    public var reason: String
    /// The data or function that the user lacks without the feature.
    public var lostWithout: String
  }

  /// `uname -r`.
  public var kernel: String
  /// `tracepoints` or `fentry`; `none` if live capture is not possible.
  public var tier: String
  public var features: [Feature]

  /// True if live capture works at all.
  public var canCapture: Bool { tier != "none" }

  public func feature(_ name: String) -> Feature? { features.first { $0.name == name } }

  /// Loads every BPF program and attaches it for a moment, which takes some tenths of a second.
  /// Without the privileges to do so, reports only which privileges are missing.
  public static func detect() -> Capabilities {
    var detector = CapabilityDetector()
    return detector.run()
  }
}

private struct CapabilityDetector {
  private var features: [Capabilities.Feature] = []
  private var tier = "none"

  mutating func run() -> Capabilities {
    let missing = Privileges.current.missing
    add(
      "privileges", missing.isEmpty,
      missing.isEmpty
        ? "" : "missing \(missing.joined(separator: " and ")): run with sudo",
      "live capture; recordings can be replayed")
    let missingForNames = Privileges.current.missingForNames
    add(
      "ptrace", missingForNames.isEmpty,
      missingForNames.isEmpty ? "" : "missing \(missingForNames.joined(separator: " and "))",
      "names of files that other users' processes have open")
    describeNamespace()
    do throws(ProbeError) {
      let kernel = try KernelBTF(structs: Self.structs)
      add("btf", true, "/sys/kernel/btf/vmlinux", "live capture")
      describeTypes(kernel)
      if missing.isEmpty { try probePrograms(kernel) }
    } catch {
      if feature("btf") == nil { add("btf", false, error.message, "live capture") }
      if missing.isEmpty, feature("capture") == nil {
        add("capture", false, error.message, "live capture")
      }
    }
    add(
      "ublk", Procfs.exists("/dev/ublk-control"),
      Procfs.exists("/dev/ublk-control")
        ? "/dev/ublk-control"
        : Procfs.exists("/sys/module/ublk_drv") ? "no /dev/ublk-control" : "driver not loaded",
      "the embedded ublk target")
    let remaining = Confinement.remaining.joined(separator: " ")
    add(
      "confinement", Confinement.canRefuseCalls,
      "after attaching: \(remaining.isEmpty ? "no capabilities" : remaining), no_new_privs"
        + (Confinement.canRefuseCalls
          ? ", a seccomp filter" : "; this kernel has no seccomp filters"),
      "a second line of defence if uringtop has a flaw")
    return Capabilities(kernel: KernelRelease.currentText, tier: tier, features: features)
  }

  static let structs: Set<String> = ["bpf_iter__task_file", "bpf_iter__task"]

  private mutating func add(
    _ name: String, _ isAvailable: Bool, _ reason: String, _ lostWithout: String
  ) {
    features.append(
      Capabilities.Feature(
        name: name, isAvailable: isAvailable, reason: reason, lostWithout: lostWithout))
  }

  private func feature(_ name: String) -> Capabilities.Feature? {
    features.first { $0.name == name }
  }

  private mutating func describeNamespace() {
    add(
      "initial_pid_namespace", Namespace.pid.isInitial,
      Namespace.pid.isInitial
        ? ""
        : "not in the initial pid namespace: pids are those of this namespace, and 0 for tasks outside it",
      "names of tasks and files outside the namespace")
  }

  private mutating func describeTypes(_ kernel: KernelBTF) {
    for tracepoint in CaptureObject.tracepointNames(for: kernel) {
      let fits = CaptureObject.fittingProgram(for: tracepoint, in: kernel) != nil
      let parameters = kernel.tracepointParameters[tracepoint]
      add(
        "tracepoint_\(tracepoint)", fits,
        fits
          ? ""
          : parameters == nil
            ? "this kernel does not have it"
            : "\(parameters!) parameters, which uringtop does not support",
        CaptureObject.lostWithout(tracepoint))
    }
    let canCast = kernel.functionParameters["bpf_rdonly_cast"] != nil
    add(
      "rdonly_cast", canCast, canCast ? "" : "no kfunc bpf_rdonly_cast (6.2 and later)",
      "a few nanoseconds per completion")
    let hasNames = !kernel.requestFlagBits.isEmpty
    add(
      "request_flag_names", hasNames, hasNames ? "" : "no REQ_F_* in the kernel's BTF",
      "names of request flags")
  }

  /// Loads the BPF programs and attaches them for a moment.
  private mutating func probePrograms(_ kernel: KernelBTF) throws(ProbeError) {
    let configuration = try probe_config(Filter(), includesDescendants: false, kernel: kernel)
    let capture = try CaptureObject(
      configuration: configuration, kernel: kernel,
      chunks: try ChunkMapMaker(size: 1 << 16))
    add("capture", true, "tracepoint programs load and attach", "live capture")
    add("ring_buffer", true, "", "live capture")
    tier = "tracepoints"
    probeIterators(configuration, kernel, capture)
    probeFentry(configuration, kernel, capture)
    probeSystemCalls(configuration, kernel, capture)
  }

  /// Adds the features of the inventory (BPF iterators over the kernel's lists of requests): one
  /// for each list that some supported kernels lack.
  private mutating func probeInventory(
    _ configuration: probe_config, _ kernel: KernelBTF, _ ringFileOperations: UInt64
  ) {
    let lost = "requests older than uringtop, and the place of each request in the kernel"
    do {
      _ = try Inventory(
        configuration: configuration, kernel: kernel, ringFileOperations: ringFileOperations)
      add("inventory", true, "", lost)
    } catch {
      add("inventory", false, error.message, lost)
      return
    }
    for (field, name, lost) in [
      ("cancelable_uring_cmd", "inventory_uring_cmd", "URING_CMDs that wait with their driver"),
      ("futex_list", "inventory_futex", "requests that wait on a futex"),
      ("waitid_list", "inventory_waitid", "requests that wait for a process"),
    ] {
      let isThere = kernel.ringFields.contains(field)
      add(name, isThere, isThere ? "" : "this kernel's rings have no \(field)", lost)
    }
    let hasNodes = kernel.ringFields.contains("buf_table")
    add(
      "inventory_references", hasNodes,
      hasNodes ? "" : "this kernel counts references to a whole table, not to each of its slots",
      "how many requests hold each registered file and buffer, by the kernel's count")
    let hasUblk =
      Procfs.exists("/sys/module/ublk_drv") && Procfs.exists("/sys/kernel/btf/ublk_drv")
    add(
      "inventory_ublk", hasUblk, hasUblk ? "" : "no ublk_drv with BTF is loaded",
      "which queue and tag a ublk command waits for, and what its server has not committed")
    let isExact = kernel.ringFields.contains("nr_req_allocated")
    var symbols = KernelSymbols()
    let counts = isExact || symbols.address(of: "__per_cpu_offset") != nil
    add(
      "inventory_balance", counts,
      isExact
        ? ""
        : counts
          ? "counted by references to the ring"
          : "no __per_cpu_offset in /proc/kallsyms (kptr_restrict): estimated",
      "the exact number of a ring's outstanding requests")
  }

  private mutating func probeIterators(
    _ configuration: probe_config, _ kernel: KernelBTF, _ capture: borrowing CaptureObject
  ) {
    let lost =
      "rings older than uringtop and their buffers, closing of rings, exact recovery after lost records"
    let ownRing = cbpf_io_uring_setup()
    guard ownRing >= 0 else {
      add("iterators", false, "cannot create a ring of its own: \(errorText(ownRing))", lost)
      return
    }
    defer { close(ownRing) }
    do {
      let scanner = try RingScanner(
        configuration: configuration, kernel: kernel, ownRing: ownRing, capture: capture)
      add("iterators", true, "", lost)
      probeInventory(configuration, kernel, scanner.ringFileOperations)
    } catch {
      add("iterators", false, error.message, lost)
    }
  }

  private mutating func probeFentry(
    _ configuration: probe_config, _ kernel: KernelBTF, _ capture: borrowing CaptureObject
  ) {
    let lost = "the moment at which requests with IOSQE_CQE_SKIP_SUCCESS end (detected later)"
    var isRefused = false
    if kernel.functionParameters[FlushObject.function] == 1 {
      do {
        _ = try FlushObject(configuration: configuration, kernel: kernel, capture: capture)
        add("fentry", true, "", lost)
        tier = "fentry"
      } catch {
        add("fentry", false, error.message, lost)
        isRefused = true
      }
    } else {
      add("fentry", false, "no \(FlushObject.function) to attach to", lost)
    }
    probeReleases(configuration, kernel, capture, isRefused: isRefused)
  }

  private mutating func probeSystemCalls(
    _ configuration: probe_config, _ kernel: KernelBTF, _ capture: borrowing CaptureObject
  ) {
    let lost = "calls of io_uring_enter and io_uring_setup that fail"
    do {
      _ = try SystemCallObject(configuration: configuration, kernel: kernel, capture: capture)
      add("system_calls", true, "", lost)
    } catch {
      add("system_calls", false, error.message, lost)
    }
  }

  private mutating func probeReleases(
    _ configuration: probe_config, _ kernel: KernelBTF, _ capture: borrowing CaptureObject,
    isRefused: Bool
  ) {
    let lost = "the callback that returns a buffer, and its exact time (derived instead)"
    guard !isRefused else {
      add("buffer_releases", false, "no fentry", lost)
      return
    }
    do {
      var watched: [ReleaseFunction] = []
      var refusals: [String] = []
      _ = try ReleaseObject(
        configuration: configuration, kernel: kernel, capture: capture, watched: &watched,
        refusals: &refusals)
      add("buffer_releases", !watched.isEmpty, refusals.joined(separator: "; "), lost)
    } catch {
      add("buffer_releases", false, error.message, lost)
    }
  }
}
