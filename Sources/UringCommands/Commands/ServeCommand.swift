import ArgumentParser
import CSpawn
import UringFindings
import UringMetrics
import UringProbe
import UringTrace

/// Serves metrics over HTTP.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves metrics for Prometheus: counts and latencies by program, cgroup and opcode.",
    discussion: """
      The metrics are at /metrics, as OpenMetrics with exemplars, or in the text format of Prometheus. \
      docs/metrics.md lists them. Counters are kept while uringtop runs: the counts of rings that end stay.

      There is neither encryption nor a password: who can connect can read. A port without an address is one \
      of 127.0.0.1. Only the owner can connect to a socket file.

      EXAMPLES:
        uringtop serve --listen 127.0.0.1:9464
        uringtop serve --listen unix:/run/uringtop.sock --cgroup /system.slice
        curl http://127.0.0.1:9464/metrics
      """)

  @Option(
    help: ArgumentHelp(
      "Where to listen: 127.0.0.1:9464, [::1]:9464, 9464 or unix:/PATH; port 0 is any free port.",
      valueName: "address"),
    transform: Self.address)
  var listen: ListenAddress

  @Option(
    help: ArgumentHelp("Time between two looks, 100ms to 60s. Default: 1s.", valueName: "duration"),
    transform: DurationArgument.parse)
  var interval = DurationArgument(nanoseconds: 1_000_000_000)

  @Option(
    help: ArgumentHelp(
      """
      Count at most this many combinations of program, cgroup and opcode by themselves, 1 to 10000; the others \
      together, as opcode="folded". Each makes about 40 series.
      """, valueName: "number"))
  var roles = 256

  @OptionGroup(title: "FILTERS") var filters: FilterOptions
  @OptionGroup(title: "CAPTURE") var capturing: CaptureOptions

  /// Period over which findings about rates are judged, nanoseconds.
  private static let window: UInt64 = 60_000_000_000

  private static func address(_ text: String) throws -> ListenAddress {
    guard let address = ListenAddress(text) else {
      throw ValidationError("'\(text)' is not ADDRESS:PORT with a numeric address, nor unix:/PATH")
    }
    return address
  }

  func validate() throws {
    guard 100_000_000...60_000_000_000 ~= interval.nanoseconds else {
      throw ValidationError("--interval must be from 100ms to 60s")
    }
    guard 1...10_000 ~= roles else { throw ValidationError("--roles must be from 1 to 10000") }
    if filters.minimumAge != nil {
      throw ValidationError("--min-age applies to what is listed, not to what is counted")
    }
  }

  func run() throws {
    spawn_block_signals()
    let page = MetricsPage()
    let listener: Listener
    let server: MetricsServer
    do throws(ListenError) {
      listener = try Listener(listen)
      server = try MetricsServer(
        page, on: listener.descriptor, giveUpRights: Confinement.keepNothing)
    } catch {
      throw Failure(
        ExitStatus.cannotCreate, "cannot listen on \(listen.description(port: nil)): \(error)")
    }
    defer {
      server.stop()
      listener.removeFile()
    }
    let capture = try LiveCapture.start(
      filter: filters.filter(capturing), refreshInterval: interval.duration, roles: roles)
    var diagnosis = Diagnosis(
      window: Self.window, seesEveryRequest: filters.seesEveryRequest(capturing))
    var shown: UInt64?
    func look() {
      let snapshot = capture.source.current()
      guard snapshot.time != shown else { return }
      shown = snapshot.time
      page.show(
        MetricsMoment(
          snapshot, findings: diagnosis.findings(in: snapshot), cost: .current,
          toolVersion: Version.current))
      capture.reportNotices()
    }
    look()
    StandardError.write("serving \(listen.description(port: listener.port))")
    var watch = Watch(child: nil, duration: nil)
    let reason = watch.wait(isOver: {
      look()
      return false
    })
    _ = try capture.stop(after: watch.signal)
    if case .signal(let number) = reason { throw Failure(ExitStatus.signal(number), "") }
  }
}
