import Foundation
import TestSupport
import Testing
import UringTrace

/// Tests of the recordings that `scripts/vm-test` made in guests with other kernels.
@Suite(.enabled(if: KernelMatrix.folder != nil, "make vm-test"))
struct KernelMatrixTests {
  /// `scripts/vm-test` may have run with fewer kernels than `make test` boots, unless
  /// URINGTOP_REQUIRE_LIVE=1.
  @Test func everyKernelWasObserved() {
    let names = Set(KernelMatrix.kernels.map(\.folder.lastPathComponent))
    #expect(!names.isEmpty)
    if Live.isRequired {
      #expect(names.isSuperset(of: KernelMatrix.series), "missing series")
    }
    for kernel in KernelMatrix.kernels {
      let release = kernel.folder.appending(path: "kernel").path()
      #expect(FileManager.default.fileExists(atPath: release), "\(release) is missing")
    }
  }

  @Test(arguments: KernelMatrix.observations)
  func everyRequestIsAsTheProgramSays(_ observation: Observation) throws {
    let differences = try observation.comparison().differences
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
  }

  /// A kernel may lack features that some test programs need, but must run most of them.
  @Test(arguments: KernelMatrix.kernels)
  func fewProgramsAreSkipped(_ kernel: KernelMatrix.Kernel) throws {
    let skipped = try kernel.skippedPrograms()
    let observed = kernel.observations.map(\.program)
    let programs = try kernel.programs()
    #expect(programs.count > 30)
    #expect(Set(observed + skipped) == programs, "\(kernel) lacks programs")
    #expect(Set(skipped).isSubset(of: kernel.mayBeSkipped), "\(kernel) skipped \(skipped)")
  }

  @Test(arguments: KernelMatrix.kernels)
  func everyTracepointAndFentryIsAvailable(_ kernel: KernelMatrix.Kernel) throws {
    let capabilities = try kernel.capabilities()
    #expect(capabilities.canCapture)
    #expect(capabilities.tier == "fentry")
    #expect(Set(capabilities.features.filter { !$0.available }.map(\.name)) == kernel.lacks)
  }
}

enum KernelMatrix {
  /// The folder that URINGTOP_VM_RESULTS names, which has a subfolder for each kernel series.
  static let folder = ProcessInfo.processInfo.environment["URINGTOP_VM_RESULTS"]
    .map { URL(filePath: $0, directoryHint: .isDirectory) }

  static let kernels: [Kernel] = (folder.map(Observation.folders(in:)) ?? []).map(Kernel.init)

  /// The kernels that `make test` boots. scripts/vm-test can boot others.
  static let series: Set<String> = ["6.1", "newest"]

  static let observations = kernels.flatMap(\.observations)

  struct Kernel: Sendable, CustomStringConvertible {
    var folder: URL
    var observations: [Observation]

    init(_ folder: URL) {
      self.folder = folder
      observations = Observation.all(in: folder)
    }

    var description: String {
      let text = try? String(contentsOf: folder.appending(path: "kernel"), encoding: .utf8)
      return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? folder.lastPathComponent
    }

    /// Returns the names of the test programs in the guest.
    func programs() throws -> Set<String> {
      let names = try String(contentsOf: folder.appending(path: "programs"), encoding: .utf8)
      return Set(names.split(separator: "\n").map(String.init))
    }

    func skippedPrograms() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path())
        .filter { $0.hasSuffix(".skipped") }.map { String($0.dropLast(8)) }
    }

    /// The programs that may be skipped on this kernel, because they need a patched or a newer
    /// kernel.
    var mayBeSkipped: Set<String> {
      let old =
        isOld ? ["clone_buffers", "mixed_entries", "multishot_timeout", "registered_ring"] : []
      let late = hasFuse ? [] : ["fuse_zero_copy"]
      return Set(old + late + ["sqe_group", "sqe_group_ublk", "local_buffer"])
    }

    /// True for Linux 7.3 and later, which have zero copy for FUSE over io_uring.
    private var hasFuse: Bool {
      let numbers = description.split(separator: ".").prefix(2).compactMap { Int($0) }
      return numbers.count == 2 && (numbers[0], numbers[1]) >= (7, 3)
    }

    private var isOld: Bool {
      description.hasPrefix("6.1.") || description.hasPrefix("6.12.")
        || description.hasPrefix("6.17.")
    }

    /// The features of uringtop for which this kernel is too old.
    var lacks: Set<String> {
      if description.hasPrefix("6.12.") { return ["inventory_references"] }
      return description.hasPrefix("6.1.")
        ? [
          "rdonly_cast", "ublk", "inventory_ublk", "inventory_futex", "inventory_waitid",
          "inventory_uring_cmd", "inventory_references",
        ] : []
    }

    func capabilities() throws -> Capabilities {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(
        Capabilities.self, from: Data(contentsOf: folder.appending(path: "capabilities.json")))
    }
  }

  struct Capabilities: Decodable {
    var canCapture: Bool
    var tier: String
    var features: [Feature]

    struct Feature: Decodable {
      var name: String
      var available: Bool
    }
  }
}
