import Testing
import UringFindings

@testable import UringMetrics
@testable import UringTrace

/// Tests of the metrics text that Prometheus scrapes, in its two formats.
@Suite struct ExpositionTests {
  private static func moment(comm: String = "program") -> MetricsMoment {
    var stream = RecordStream()
    stream.create(1, comm: comm)
    stream.submit(1, "READ")
    stream.complete(1, 100)
    stream.submit(2, "READ")
    stream.complete(2, -5)
    var limits = Aggregator.Limits()
    limits.roles = 10
    var aggregator = stream.replay(limits: limits)
    aggregator.advance(to: stream.time + 10_000_000_000)
    return MetricsMoment(
      aggregator.snapshot(), findings: [],
      cost: ProcessCost(processorTime: 1.5, residentBytes: 4096, descriptors: 7),
      toolVersion: "1")
  }

  private static func lines(_ format: Exposition, comm: String = "program") -> [Substring] {
    String(decoding: format.encode(moment(comm: comm)), as: UTF8.self).split(separator: "\n")
  }

  private static let labels = #"comm="program",cgroup="",opcode="READ""#

  @Test(arguments: Exposition.allCases) func valuesAreThoseOfTheModel(_ format: Exposition) {
    let lines = Self.lines(format)
    for line in [
      "uringtop_requests_total{\(Self.labels)} 2",
      "uringtop_request_errors_total{\(Self.labels),errno=\"EIO\"} 1",
      "uringtop_transferred_bytes_total{\(Self.labels),direction=\"read\"} 100",
      "uringtop_requests_in_flight{\(Self.labels)} 0",
      "uringtop_request_duration_seconds_count{\(Self.labels)} 2",
      "uringtop_request_duration_seconds_sum{\(Self.labels)} 2e-06",
      "uringtop_findings{tag=\"hang\",severity=\"crit\"} 0",
      "process_cpu_seconds_total 1.5",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
  }

  @Test func openMetricsNamesFamiliesAndEnds() {
    let lines = Self.lines(.openMetrics)
    #expect(lines.last == "# EOF")
    #expect(lines.contains("# TYPE uringtop_requests counter"))
    #expect(
      lines.contains {
        $0.hasPrefix(
          "uringtop_request_duration_seconds_bucket{\(Self.labels),le=\"1.023e-06\"} 2 # {")
          && $0.contains("ring=\"1\",request_id=\"2\"} 1e-06 ")
      })
  }

  @Test func theTextFormatHasNoExemplars() {
    let lines = Self.lines(.text)
    #expect(lines.contains("# TYPE uringtop_requests_total counter"))
    #expect(lines.allSatisfy { $0.hasPrefix("#") || !$0.contains("#") })
  }

  @Test func aHostileNameStaysInItsLabel() {
    let name = "a\"} 1\n\\\u{1B}"
    for format in Exposition.allCases {
      let lines = Self.lines(format, comm: name)
      #expect(
        lines.contains(#"uringtop_requests_total{comm="a\"} 1?\\?",cgroup="",opcode="READ"} 2"#))
    }
  }

  @Test(arguments: [
    ("application/openmetrics-text; version=1.0.0", Exposition.openMetrics),
    ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .text), ("", .text),
  ])
  func theClientChoosesTheFormat(_ accept: String, _ format: Exposition) {
    #expect(Exposition(accept: [accept]) == format)
  }

  @Test func bucketsGrow() {
    let counts = Self.lines(.text).filter { $0.contains("_bucket{") }
      .compactMap { $0.split(separator: " ").last.flatMap { UInt64($0) } }
    #expect(counts.count == LatencyBuckets.count && counts == counts.sorted())
  }

  @Test(arguments: [
    ("9464", "http://127.0.0.1:9464/metrics"), (":9464", "http://127.0.0.1:9464/metrics"),
    ("localhost:80", "http://127.0.0.1:80/metrics"),
    ("10.1.2.3:9464", "http://10.1.2.3:9464/metrics"),
    ("[::1]:9464", "http://[::1]:9464/metrics"), ("unix:/run/x", "unix:/run/x"),
  ])
  func addressesAreNumbers(_ text: String, _ url: String) {
    #expect(ListenAddress(text)?.description(port: nil) == url)
  }

  @Test(arguments: [
    "", "x", "127.0.0.1", "example.org:80", "127.0.0.1:70000", "unix:relative", "1.2.3:80",
    "unix:/" + String(repeating: "x", count: 200),
  ])
  func otherTextIsNoAddress(_ text: String) { #expect(ListenAddress(text) == nil) }
}
