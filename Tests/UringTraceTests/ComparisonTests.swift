import CRecord
import RealModule
import Testing
import UringRecordings
import UringTrace

@testable import UringComparison

/// Tests that compare synthetic recordings whose differences are known.
@Suite struct ComparisonTests {
  /// A workload of READs. Each property changes one aspect of it.
  private struct Workload {
    var seed: UInt64
    var requests = 3_000
    var slower = 0.0
    var puntedShare = 0.0
    var errorShare = 0.0
    var file = "/data/file.17"
    /// Relative change of all latencies of the run, as caused by a different CPU frequency.
    var drift = 0.0

    func profile(
      selects: ((Request, Snapshot) -> Bool)? = nil
    ) throws -> WorkloadProfile {
      var random = Generator(state: seed)
      var stream = RecordStream()
      stream.create()
      stream.fileName(fd: 3, file)
      for number in 1...requests {
        let request = 1 + number % 8
        let fails = random.next(below: 1) < errorShare
        stream.submit(request, "READ", userData: UInt64(number)) {
          ($0.fd, $0.len) = (fails ? -1 : 3, 1)
        }
        if !fails {
          if random.next(below: 1) < puntedShare { stream.queueAsyncWork(request) }
          // At least 80 µs, with an exponential tail.
          let latency = (80_000 - 30_000 * Double.log(1 - random.next(below: 1))) * (1 + slower)
          stream.time += UInt64(latency * (1 + drift))
          stream.complete(request, 1)
        } else {
          stream.complete(request, -9)
        }
        stream.time += 10_000
      }
      let header = RecordingHeader(toolVersion: "0", host: SampleStream.host)
      let encoder = TraceFormat.uring.makeEncoder(header: header)
      var bytes: [UInt8] = []
      encoder.begin(into: &bytes)
      let records = stream.records.flatMap { $0.withUnsafeBytes(Array.init) }
      records.withUnsafeBytes { encoder.encode($0, into: &bytes) }
      encoder.end(
        time: stream.time, records: UInt64(stream.records.count), lost: 0, into: &bytes)
      return try WorkloadProfile(of: Recording(bytes: bytes), selects: selects)
    }
  }

  private struct Generator {
    var state: UInt64
    mutating func next(below limit: Double) -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(UInt64(1) << 53) * limit
    }
  }

  private func compare(_ first: Workload, _ second: Workload) throws -> WorkloadComparison {
    try WorkloadComparison(first.profile(), second.profile())
  }

  private func regressions(_ comparison: WorkloadComparison) -> Set<String> {
    Set(comparison.differences.filter { $0.verdict == .regression }.map(\.quantity.name))
  }

  @Test func aWorkloadDoesNotDifferFromItself() throws {
    let profiles = try (1...16).map { try Workload(seed: $0 * 7_919, requests: 1_000).profile() }
    var alarms: [Difference] = []
    for (index, first) in profiles.enumerated() {
      for second in profiles[(index + 1)...] {
        alarms += WorkloadComparison(first, second).differences.filter { $0.verdict != .unchanged }
      }
    }
    #expect(alarms.map(\.quantity.name) == [])
  }

  @Test(arguments: 1...2)
  func slowerRequestsAreFound(_ seed: UInt64) throws {
    let comparison = try compare(Workload(seed: seed), Workload(seed: seed + 50, slower: 0.15))
    #expect(regressions(comparison).contains("latency_p50"))
    let isWorse = comparison.hasRegression
    #expect(isWorse)
    let reversed = try compare(Workload(seed: seed, slower: 0.15), Workload(seed: seed + 50))
    #expect(Set(reversed.differences.map(\.verdict)).contains(.improvement))
    let isBetter = !reversed.hasRegression
    #expect(isBetter)
  }

  @Test(arguments: 1...2)
  func requestsThatGoToWorkersAreFound(_ seed: UInt64) throws {
    let comparison = try compare(
      Workload(seed: seed), Workload(seed: seed + 50, puntedShare: 0.05))
    #expect(regressions(comparison).contains("punted"))
    let punted = try #require(
      comparison.differences.first { $0.quantity.name == "punted" && $0.role?.file != nil })
    #expect(abs(punted.change - 0.05) < 0.02)
  }

  /// Requests with a bad descriptor, which fail before they have a file.
  @Test(arguments: 1...2)
  func errorsAreFound(_ seed: UInt64) throws {
    let comparison = try compare(Workload(seed: seed), Workload(seed: seed + 50, errorShare: 0.05))
    #expect(regressions(comparison) == ["error_EBADF"])
    #expect(comparison.appearedRoles.map(\.role.file) == [""])
  }

  @Test func filesMatchAlthoughTheirNumbersDiffer() throws {
    let comparison = try compare(
      Workload(seed: 1, file: "/data/file.17"), Workload(seed: 2, file: "/data/file.4"))
    #expect(Set(comparison.differences.compactMap(\.role?.file)) == ["/data/file.#"])
    #expect(comparison.appearedRoles.map(\.role) == [])
    #expect(comparison.disappearedRoles.map(\.role) == [])
    let other = try compare(
      Workload(seed: 1, file: "/data/a"), Workload(seed: 2, file: "/data/b"))
    #expect(other.appearedRoles.map(\.role.file) == ["/data/b"])
    #expect(other.disappearedRoles.map(\.role.file) == ["/data/a"])
  }

  @Test func tooFewRequestsAreNotCompared() throws {
    let comparison = try compare(Workload(seed: 1, requests: 60), Workload(seed: 2, requests: 60))
    #expect(comparison.differences.compactMap(\.role) == [])
    #expect(comparison.scarceRoles.map(\.requests) == [60])
  }

  /// A profile of selected requests has no program counts and no findings, because these are not
  /// limited to the selected requests.
  @Test func aSelectionLeavesOutTheRest() throws {
    let all = try Workload(seed: 1).profile()
    #expect(all.requestCount == 3_000)
    #expect(all.programs.keys.sorted() == ["app"])
    let some = try Workload(seed: 1).profile { request, _ in request.userData <= 1_000 }
    #expect(some.requestCount == 1_000)
    #expect(some.programs.isEmpty)
  }

  /// The expected values are twice the values of scipy.stats.t.sf, because the test is two-tailed.
  @Test(arguments: [
    (freedom: 1.0, value: 1.0, 0.5), (5, 2, 0.101_939_479_8), (22, 4.5, 0.000_177_871_564),
    (9.7, 0, 1), (30, 12, 5.580_185e-13),
  ])
  func tailsOfStudentsDistribution(freedom: Double, value: Double, _ expected: Double) {
    let tails = StudentDistribution(freedom: freedom).tails(beyond: value)
    #expect(abs(tails - expected) <= 1e-4 * expected)
  }

  /// A recording of any length yields between `BatchSeries.limit / 2` and `BatchSeries.limit`
  /// batches. Together the batches contain all requests.
  @Test func batchesCoverAllRequests() {
    var (series, random) = (BatchSeries(), SeededGenerator())
    for _ in 0..<100_003 { series.add(Request(), random: &random) }
    series.finish(&random)
    #expect(series.batches.reduce(0) { $0 + $1.requests } == 100_003)
    #expect(series.batches.count < BatchSeries.limit)
    #expect(series.batches.count >= BatchSeries.limit / 2)
  }
}
