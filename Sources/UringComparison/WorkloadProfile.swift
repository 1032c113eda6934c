import UringFindings
import UringRecordings
import UringSources
import UringTrace

/// The facts of a recording that a comparison uses.
public struct WorkloadProfile: Sendable {
  /// Requests of each role, in batches: by file, and of all files together.
  let roles: [WorkloadRole: BatchSeries]
  let programs: [String: [ProgramCounts]]
  /// The findings that `report` makes.
  public let findings: [Finding]
  /// The state at the end, which the findings refer to.
  public let end: Snapshot
  /// Ended requests that the profile is made of.
  public let requestCount: UInt64
  /// Records that are missing in the recording.
  public let lostCount: UInt64

  /// Roles that are told apart by file; requests on further files have the file ``WorkloadRole/otherFiles``.
  static let roleLimit = 256
  /// Parts of a recording in which the counts of programs are read.
  private static let partCount: UInt64 = 48

  /// Reads a recording twice: the names of files are complete only at its end.
  ///
  /// - Parameter selects: says which requests to look at, given the state at the end; nil looks at everything. With a
  ///   selection, what programs count and the findings are left out: they are not about these requests alone.
  public init(
    of recording: Recording,
    selects: ((Request, Snapshot) -> Bool)? = nil
  ) {
    var diagnosis = DiagnosisHistory()
    let end = recording.snapshot(at: nil, every: DiagnosisHistory.interval) {
      diagnosis.look(at: $0)
    }
    self.end = end
    findings = selects == nil ? diagnosis.findings(at: end) : []
    lostCount = end.lost.total

    var collector = RoleCollector(end)
    var series = ProgramSeries()
    recording.forEachEnded(parts: Self.partCount) { request, program in
      if selects?(request, end) ?? true { collector.add(request, of: program) }
    } atEachPart: { snapshot in
      if selects == nil { series.look(at: snapshot) }
    }
    roles = collector.finish()
    programs = series.parts
    requestCount = collector.requests
  }
}

/// Sorts requests by role.
private struct RoleCollector {
  private var roles: [WorkloadRole: BatchSeries] = [:]
  private var patterns: [FileIdentity: String] = [:]
  private var random = SeededGenerator()
  private let names: FileNames
  private(set) var requests: UInt64 = 0

  init(_ end: Snapshot) { names = end.fileNames }

  mutating func add(_ request: Request, of program: String) {
    requests += 1
    var role = WorkloadRole(
      program: program, file: pattern(of: request), opcode: request.opcode)
    if roles[role] == nil, roles.count >= WorkloadProfile.roleLimit {
      role.file = WorkloadRole.otherFiles
    }
    for role in [role, role.allFiles] {
      roles[role, default: BatchSeries()].add(request, random: &random)
    }
  }

  private mutating func pattern(of request: Request) -> String {
    guard let identity = request.fileIdentity else {
      return names.name(of: request).map { WorkloadRole.pattern(of: $0, isSocket: false) } ?? ""
    }
    if let known = patterns[identity] { return known }
    let name = names.name(of: identity) ?? ""
    let pattern = WorkloadRole.pattern(of: name, isSocket: identity.isSocket)
    // Bounds the memory; the patterns can be made again.
    if patterns.count >= 1 << 16 { patterns.removeAll() }
    patterns[identity] = pattern
    return pattern
  }

  mutating func finish() -> [WorkloadRole: BatchSeries] {
    for role in roles.keys { roles[role]?.finish(&random) }
    return roles
  }
}
