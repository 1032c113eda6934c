import UringBase
import UringFindings
import UringTrace

/// The input of all panes: the snapshot and the user's selection.
struct Scene: Sendable {
  var snapshot: Snapshot
  /// Limits requests, latencies and events to this ring; nil for all rings.
  var ring: Ring.ID?
  /// Minimum age in nanoseconds of requests in flight that are listed.
  var minimumAge: UInt64 = 0
  /// False if the options of the command line leave out requests of the rings in view.
  var hasEveryRequest = true
  /// True if the options of the command line exclude rings.
  var selectsRings = false
  /// True if the snapshot is from a recording.
  var isReplay = false
  /// Status of the demonstration's target; nil without a demonstration.
  var demo: DemoStatus?
  /// The findings, worst first.
  var findings: [FindingRow]
  /// Rules that could not be evaluated.
  var notEvaluated: [UnevaluatedRule]
  private let ringPositions: [Ring.ID: Int]

  init(
    _ snapshot: Snapshot, ring: Ring.ID? = nil, minimumAge: UInt64 = 0, demo: DemoStatus? = nil,
    findings: [Finding] = [], notEvaluated: [UnevaluatedRule] = []
  ) {
    self.notEvaluated = notEvaluated
    self.snapshot = snapshot
    self.ring = ring
    self.minimumAge = minimumAge
    self.demo = demo
    self.findings = FindingRow.rows(findings)
    ringPositions = Dictionary(
      snapshot.rings.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var now: UInt64 { snapshot.time }

  func ring(_ id: Ring.ID) -> Ring? { ringPositions[id].map { snapshot.rings[$0] } }

  /// Nanoseconds since a time; 0 if the time is in the future.
  func age(since time: UInt64) -> UInt64 { now.since(time) }

  /// The distance of a time from the snapshot: "2.10s ago", or "in 2.10s" for a time in the future.
  func distance(to time: UInt64) -> String {
    Figures.distance(to: time, from: now)
  }

  func request(_ id: Request.ID) -> Request? {
    snapshot.request(id)
  }

  /// The findings about a ring, worst first.
  func findings(onRing ring: Ring.ID) -> [FindingRow] {
    findings.filter { $0.finding.rings.contains(ring) }
  }

  /// The findings about a request, worst first.
  func findings(about request: Request.ID) -> [FindingRow] {
    findings.filter { $0.finding.requests.contains(request) }
  }

  func chain(_ id: Chain.ID) -> Chain? {
    id == 0 ? nil : snapshot.chains.first { $0.id == id }
  }

  func finding(_ key: FindingKey) -> Finding? { findings.first { $0.key == key }?.finding }

  func group(_ id: RequestGroup.ID) -> RequestGroup? {
    id == 0 ? nil : snapshot.groups.first { $0.id == id }
  }

  func buffer(_ key: Buffer.Key) -> Buffer? { snapshot.buffers.first { $0.key == key } }

  /// Name and id of a thread, "fio/4242"; only the id, "4242", if the name is unknown.
  func thread(_ tid: UInt32) -> String {
    if tid == 0 { return "" }
    return snapshot.taskNames[tid].map { "\($0)/\(tid)" } ?? "\(tid)"
  }

  /// Name of a ring in the UI: process and descriptor.
  func label(of ring: Ring) -> String {
    "\(ring.comm.isEmpty ? "?" : ring.comm) \(ring.ownerTgid) fd \(Self.descriptors(of: ring))"
  }

  /// A ring's descriptors: "5"; "5+2" if two more descriptors refer to the ring; "reg" if it is
  /// only registered; "-" for none.
  static func descriptors(of ring: Ring) -> String {
    guard let first = ring.descriptors.first else { return "-" }
    let name = first.fd < 0 ? "reg" : "\(first.fd)"
    return ring.descriptors.count > 1 ? "\(name)+\(ring.descriptors.count - 1)" : name
  }
}
