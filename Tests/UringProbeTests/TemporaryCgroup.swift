import Glibc
import UringProbe

/// Nested cgroups of the v2 hierarchy that exist only during a test. Each contains the next.
struct TemporaryCgroup {
  /// The paths of the cgroups in the form of /proc/PID/cgroup, the outermost first.
  let paths: [String]
  private let folders: [String]

  private static let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]

  private static var root: String? {
    roots.first {
      access("\($0)/cgroup.procs", W_OK) == 0 && access("\($0)/cgroup.type", F_OK) != 0
    }
  }

  static var isPossible: Bool { root != nil }

  /// - Parameter below: The number of cgroups nested below the first.
  init(below: Int) throws {
    let root = try Self.root ?? { throw Failure(step: "no cgroup v2 hierarchy") }()
    var paths = ["/uringtop-test-\(getpid())"]
    for level in 0..<below { paths.append(paths[level] + "/below") }
    self.paths = paths
    folders = paths.map { root + $0 }
    for folder in folders where mkdir(folder, 0o755) != 0 { throw Failure(step: "mkdir \(folder)") }
  }

  /// Runs the body, and the processes that it starts, in the innermost cgroup.
  func inside<Result>(_ body: () throws -> Result) throws -> Result {
    try Self.move(to: folders[folders.count - 1])
    defer { try? Self.move(to: Self.root ?? "") }
    return try body()
  }

  /// Removes the cgroups. Retries on EBUSY, because a process leaves its cgroup only some time
  /// after it has ended.
  func remove() {
    for folder in folders.reversed() {
      while rmdir(folder) != 0, errno == EBUSY { usleep(10_000) }
    }
  }

  private static func move(to folder: String) throws {
    let file = open("\(folder)/cgroup.procs", O_WRONLY | O_CLOEXEC)
    defer { close(file) }
    guard write(file, "0", 1) == 1 else { throw Failure(step: "write \(folder)/cgroup.procs") }
  }

  private struct Failure: Error {
    var step: String
  }
}
