import UringBase
import UringRecordings
import UringTrace

/// Writes the files of a flight recorder one after another, on a separate thread, so that a slow
/// disk does not stop the watch.
final class FlightFiles: Sendable {
  private struct Job {
    var flight: FrozenFlight
    var reason: String
    var host: HostDescription
    var end: UInt64
  }

  private struct State {
    /// The file to write. At most one is pending, so that a stalled disk does not fill the memory.
    var job: Job?
    var isStopping = false
  }

  private let state = Monitor(State())
  private let thread: WorkerThread

  struct Limits {
    var files: Int
    var bytes: UInt64
  }

  init(_ folder: sending FlightFolder, _ limits: Limits) throws(Failure) {
    let box = FolderBox(folder)
    do throws(ThreadError) {
      thread = try WorkerThread("files", orThrow: ThreadError.init) { [state] in
        Self.run(state, box.folder, limits)
      }
    } catch {
      throw Failure(ExitStatus.system, "\(error)")
    }
  }

  func write(_ flight: FrozenFlight, reason: String, host: HostDescription) {
    let job = Job(flight: flight, reason: reason, host: host, end: MonotonicClock.now())
    let isTaken = state.change { state in
      guard state.job == nil else { return false }
      state.job = job
      return true
    }
    if !isTaken {
      StandardError.write("no file for \(reason): the disk has not taken the last one yet")
    }
  }

  /// Waits until the last file has been written, and ends the thread.
  func stop() {
    state.change { $0.isStopping = true }
    thread.join()
  }

  private static func run(_ state: Monitor<State>, _ folder: FlightFolder, _ limits: Limits) {
    while true {
      let (job, isStopping) = state.wait(
        until: nil, for: { $0.job != nil || $0.isStopping }, then: { ($0.job, $0.isStopping) })
      if let job {
        write(job, folder, limits)
        state.change { $0.job = nil }
      } else if isStopping {
        return
      }
    }
  }

  private static func write(_ job: Job, _ folder: FlightFolder, _ limits: Limits) {
    let realtime = job.host.startRealtime &+ job.end &- job.host.startTime
    let name = folder.freeName(at: realtime, reason: job.reason)
    let path = "\(folder.path)/\(name)"
    do throws(OutputError) {
      let file = try OutputFile(creating: path, owner: SudoUser.current?.owner)
      try job.flight.write(
        to: file, toolVersion: Version.current, host: job.host, end: job.end)
    } catch {
      StandardError.write("\(error); the watch continues")
      return
    }
    StandardError.write("wrote \(path)")
    for removed in folder.add(name, mostFiles: limits.files, mostBytes: limits.bytes) {
      StandardError.write("removed \(folder.path)/\(removed)")
    }
  }

  /// Passes the folder to the thread. After `init` has created the box, only the thread uses it.
  private final class FolderBox: @unchecked Sendable {
    let folder: FlightFolder

    init(_ folder: FlightFolder) { self.folder = folder }
  }
}
