import Glibc
import ProbeSupport
import UringProbe
import UringTrace

/// A command for guests with other kernels. `ProbeCheck PROGRAM...` runs test programs under a live
/// session and prints, for each, the captured counts and the program's own counts. `ProbeCheck`
/// prints only the capabilities.
@main
struct ProbeCheck {
  static func main() throws {
    let capabilities = Capabilities.detect()
    print("kernel \(capabilities.kernel) tier \(capabilities.tier)")
    for feature in capabilities.features where !feature.isAvailable {
      print("  no \(feature.name): \(feature.reason); lost: \(feature.lostWithout)")
    }
    var programs = CommandLine.arguments.dropFirst()
    guard !programs.isEmpty else { return }
    let session: LiveSession
    var options = LiveSession.Options()
    options.refreshInterval = .milliseconds(100)
    if programs.first == "--pid", let pid = programs.dropFirst().first.flatMap({ UInt32($0) }) {
      options.filter.pids = [pid]
      programs = programs.dropFirst(2)
    }
    do throws(ProbeError) {
      session = try LiveSession(options)
    } catch {
      print(error.message)
      print(error.details)
      exit(1)
    }
    print("start \(session.startDuration) absent \(session.absentTracepoints)")
    var failures = 0
    for program in programs {
      let child = try ChildProgram(program)
      let (status, truth) = child.finish()
      let name = program.split(separator: "/").last!
      if status == 77 {
        print("\(name): skipped")
        continue
      }
      var seen = Comparison(session.current(), pid: child.pid)
      var differs = true
      // On slow, emulated processors the session's reader needs time to read all records.
      eventually(within: 10) {
        seen = Comparison(session.current(), pid: child.pid)
        differs =
          truth == nil || status != 0 || seen.submitted != truth!["submitted"]
          || seen.skipped != (truth!["skipped"] ?? 0) + (truth!["silent"] ?? 0)
          || seen.unseen != 0 || seen.inFlight != 0
        return !differs
      }
      if differs { failures += 1 }
      let keys = [
        "submitted", "completed", "in_flight", "cqes", "aux_cqes", "skipped", "silent",
        "prep_failed", "overflowed", "unreaped",
      ]
      let told = keys.map { "\($0) \(truth?[$0] ?? 0)" }.joined(separator: " ")
      print("\(name): \(differs ? "DIFFERS" : "same") status \(status)")
      print("    seen \(seen.description)")
      print("    told \(told)")
      if let time = truth?["ns_per_request"] { print("    ns per request \(time)") }
    }
    let last = session.stop()
    print("records \(last.recordCount) damaged \(last.damagedRecordCount) lost \(last.lost.total)")
    for notice in session.takeNotices() { print("notice: \(notice.text)") }
    exit(failures == 0 ? 0 : 1)
  }
}
