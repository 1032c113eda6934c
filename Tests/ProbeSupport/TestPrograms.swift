import Glibc

/// The C programs of Tests/Programs, built once for a test run.
public enum TestPrograms {
  private static let folder = build("Programs", in: "programs")

  private static func build(
    _ name: String, in folder: String, targets: (String) -> [String] = { _ in [] }
  ) -> Result<String, ChildProgram.Failure> {
    let sources =
      #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/\(name)"
    let output = sources + "/../../.build/\(folder)"
    do {
      let make = try ChildProgram(
        "/usr/bin/make", ["--silent", "-C", sources, "OUT=\(output)"] + targets(output))
      let (status, _) = make.finish()
      guard status == 0 else { return .failure(.init(text: "make ended with status \(status)")) }
      return .success(output)
    } catch let failure as ChildProgram.Failure {
      return .failure(failure)
    } catch {
      return .failure(.init(text: "\(error)"))
    }
  }

  /// Path of a program.
  public static func path(_ name: String) throws -> String { try folder.get() + "/\(name)" }

  /// Starts a program of Tests/Programs.
  public static func start(_ name: String, _ arguments: String...) throws -> ChildProgram {
    try start(name, arguments: arguments)
  }

  /// Starts a program of Tests/Cases.
  public static func startCase(_ name: String, _ arguments: String...) throws -> ChildProgram {
    try startCase(name, arguments: arguments)
  }

  public static func startCase(_ name: String, arguments: [String]) throws -> ChildProgram {
    let folder = try build("Cases", in: "cases") { ["\($0)/\(name)"] }.get()
    return try ChildProgram("\(folder)/\(name)", arguments)
  }

  public static func start(_ name: String, arguments: [String]) throws -> ChildProgram {
    try ChildProgram(path(name), arguments)
  }

  /// True if live tests, which need root, must not be skipped. URINGTOP_REQUIRE_LIVE=1 makes them
  /// fail without root instead of being skipped; URINGTOP_LIVE=0 skips them for root, too.
  public static var areAllowed: Bool {
    func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    if value("URINGTOP_LIVE") == "0" { return false }
    return geteuid() == 0 || value("URINGTOP_REQUIRE_LIVE") == "1"
  }
}
