import Foundation
import ProbeSupport
import TestSupport
import Testing

/// Tests of the metrics of `uringtop serve`: Debian's Prometheus scrapes them, and its promtool
/// checks them.
@Suite(
  .enabled(if: Live.isOn && Prometheus.isInstalled, "needs root, and make network-test"),
  .serialized)
struct PrometheusTests {
  /// The duration of the flood in seconds, from the environment variable URINGTOP_FLOOD (default:
  /// 3).
  private static let seconds =
    ProcessInfo.processInfo.environment["URINGTOP_FLOOD"].flatMap { Int($0) } ?? 3
  private static let promtool = URL(filePath: "/usr/bin/promtool")
  private let folder: TemporaryFolder
  private let program: NamedProgram

  init() throws {
    folder = try TemporaryFolder()
    program = try NamedProgram("nop_flood", in: folder)
  }

  @Test func promtoolAcceptsTheMetrics() throws {
    let server = try MetricsServer("--listen", "0", "--interval", "100ms", "--comm", program.name)
    _ = try ChildProgram(program.path, ["60", "8", "--count", "1000"]).finish()
    #expect(
      try eventually {
        try server.value(#"uringtop_requests_total{comm="\#(program.name)""#) != nil
      })
    let response = try HTTPConnection.get("/metrics", port: server.port)
    let body = try #require(response.split(separator: "\r\n\r\n", maxSplits: 1).last)
    try String(body).write(to: folder["metrics"], atomically: true, encoding: .utf8)
    let outcome = try Command.run(
      "-c", "exec promtool check metrics < \(folder.path("metrics"))",
      program: URL(filePath: "/bin/sh"))
    #expect(outcome.status == 0 && outcome.text.isEmpty && outcome.error.isEmpty, "\(outcome)")
  }

  @Test func promtoolAcceptsTheRules() throws {
    let contributed = Command.root.appending(path: "contrib/prometheus")
    for (kind, file) in [("rules", "uringtop.rules.yml"), ("config", "prometheus.yml")] {
      let outcome = try Command.run(
        "check", kind, contributed.appending(path: file).path(), program: Self.promtool)
      #expect(outcome.status == 0, "\(outcome.text)\(outcome.error)")
    }
  }

  /// During a flood of requests no scrape fails and no counter decreases. After the flood, the
  /// counters equal the number of requests that the program itself counted.
  @Test func nothingIsLostInAFlood() throws {
    let server = try MetricsServer("--listen", "0", "--interval", "200ms", "--comm", program.name)
    let prometheus = try Prometheus(scraping: server.port, in: folder)
    #expect(try eventually { try prometheus.value("up") == "1" })
    let flood = try ChildProgram(program.path, ["\(Self.seconds)", "32"])
    let truth = try #require(flood.finish().truth?["submitted"])
    let series = #"{comm="\#(program.name)",opcode="NOP"}"#
    for name in ["requests", "requests_completed", "cqes"] {
      let sample = "uringtop_\(name)_total\(series)"
      #expect(try eventually { try prometheus.value(sample) == "\(truth)" }, "\(sample)")
      #expect(try prometheus.value("resets(\(sample)[1h])") == "0")
    }
    // If records are lost, the duration of some requests is not known: docs/performance.md.
    let unmeasured = "uringtop_requests_unmeasured_total\(series)"
    let ended = "uringtop_request_duration_seconds_count\(series) + \(unmeasured)"
    #expect(try eventually { try prometheus.value(ended) == "\(truth)" })
    if try prometheus.value("sum(uringtop_records_lost_total)") == "0" {
      #expect(try prometheus.value(unmeasured) == "0")
    }
    #expect(try prometheus.value("min_over_time(up[1h])") == "1")
    let scrapes = try prometheus.value("count_over_time(up[1h])").flatMap { Int($0) }
    #expect((scrapes ?? 0) >= Self.seconds)
    #expect(try prometheus.value("max(uringtop_events_uncounted_total)") == "0")
    let exemplar = try prometheus.answer(
      "query_exemplars", "uringtop_request_duration_seconds_bucket\(series)")
    #expect(exemplar.contains("request_id"), "\(exemplar)")
  }
}

/// A Prometheus process that scrapes one port.
private final class Prometheus {
  private static let program = "/usr/bin/prometheus"

  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  private let process = Process()
  private let port: UInt16

  init(scraping target: UInt16, in folder: TemporaryFolder) throws {
    port = try #require(LoopbackPort.free())
    try """
    global: {scrape_interval: 1s, scrape_timeout: 1s}
    scrape_configs:
      - job_name: uringtop
        static_configs: [{targets: ["127.0.0.1:\(target)"]}]
    """.write(to: folder["prometheus.yml"], atomically: true, encoding: .utf8)
    process.executableURL = URL(filePath: Self.program)
    process.arguments = [
      "--config.file=\(folder.path("prometheus.yml"))",
      "--storage.tsdb.path=\(folder.path("data"))",
      "--web.listen-address=127.0.0.1:\(port)", "--enable-feature=exemplar-storage",
      "--log.level=error",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  /// Returns the answer of Prometheus's HTTP API to a query; an empty text until Prometheus
  /// listens.
  func answer(_ endpoint: String, _ query: String) throws -> String {
    let quoted = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return (try? HTTPConnection.get("/api/v1/\(endpoint)?query=\(quoted)", port: port)) ?? ""
  }

  /// Returns the value of a query's single result as text; nil if there is no result.
  func value(_ query: String) throws -> String? {
    try answer("query", query).firstMatch(of: /"value":\[[0-9.]+,"([^"]*)"\]/)
      .map { String($0.1) }
  }
}
