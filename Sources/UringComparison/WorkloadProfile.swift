import UringFindings
import UringRecordings
import UringSources
import UringTrace

/// The facts of a recording that a comparison uses.
public struct WorkloadProfile: Sendable {
  /// Batches of each role's requests. Each request is in two roles: that of its file, and that of
  /// all files.
  let roles: [WorkloadRole: BatchSeries]
  let programs: [String: [ProgramCounts]]
  /// The findings that `uringtop report` makes for the recording.
  public let findings: [Finding]
  /// State at the end of the recording, to which the findings refer.
  public let end: Snapshot
  /// Number of ended requests in the profile.
  public let requestCount: UInt64
  /// Number of records missing from the recording.
  public let lostCount: UInt64

  /// Once there are this many roles, a request that would need a new role gets the file
  /// ``WorkloadRole/otherFiles``.
  static let roleLimit = 256
  /// Number of parts of a recording for which each program's counts are compared.
  private static let partCount: UInt64 = 48

  /// Reads a recording twice, because the names of files are complete only at its end.
  ///
  /// - Parameter selects: returns true for requests to include, given the state at the end; nil
  ///   includes all. With a selection, findings and the counts of programs are left out, because
  ///   they do not concern only the selected requests.
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

/// Adds ended requests to the batches of their roles.
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
    // Bounds the memory. A dropped pattern is computed again when it is needed.
    if patterns.count >= 1 << 16 { patterns.removeAll() }
    patterns[identity] = pattern
    return pattern
  }

  mutating func finish() -> [WorkloadRole: BatchSeries] {
    for role in roles.keys { roles[role]?.finish(&random) }
    return roles
  }
}
