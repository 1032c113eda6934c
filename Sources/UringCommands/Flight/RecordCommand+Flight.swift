import CSpawn
import Glibc
import UringBase
import UringProbe
import UringRecordings
import UringRecords
import UringSources
import UringTrace

extension RecordCommand {
  /// Runs the flight recorder; returns the exit status.
  func watch(_ filter: Filter, keep: DurationArgument) throws -> Int32 {
    let triggers = try flight.triggers()
    spawn_expect_signal(SIGUSR1)
    spawn_block_signals()
    let child = try command.isEmpty ? nil : ChildCommand(holding: command, streams: .inherited)
    let folder = try FlightFolder(locking: output.target)
    // Privileges are reduced before the recorder starts its threads, because threads inherit the
    // privileges of their creator.
    Confinement.keepCaptureCapabilities()
    let (recorder, files) = try start(folder, keep)
    let capture = try LiveCapture.start(
      filter: filter, tree: child?.pid, refreshInterval: .seconds(1),
      recorder: FlightSink(recorder))
    do {
      try child?.release()
    } catch {
      capture.stop()
      throw error
    }
    let flightWatch = FlightWatch(
      capture, recorder, files,
      FlightWatch.Settings(
        triggers: triggers, keep: keep.nanoseconds,
        before: (flight.before ?? keep).nanoseconds, after: flight.after.nanoseconds,
        seesEveryRequest: filters.seesEveryRequest(capturing) && filter.opcodes.isEmpty,
        filter: filters.ageFilter))
    var watch = Watch(child: child, duration: duration)
    let reason = watch.wait(
      isHandled: { number in
        guard number == SIGUSR1 else { return false }
        flightWatch.freezeNow(reason: "signal")
        return true
      },
      isOver: {
        flightWatch.tick()
        return false
      })
    flightWatch.finish()
    _ = try capture.stop(after: watch.signal)
    recorder.stop()
    files.stop()
    capture.reportNotices()
    return Self.status(after: reason, child)
  }

  private func start(
    _ folder: sending FlightFolder, _ keep: DurationArgument
  ) throws -> (FlightRecorder, FlightFiles) {
    let (before, after) = ((flight.before ?? keep).nanoseconds, flight.after.nanoseconds)
    let recorder: FlightRecorder
    do throws(OutputError) {
      recorder = try FlightRecorder(
        FlightRecorder.Limits(
          duration: max(keep.nanoseconds, before + after) + FlightWatch.inventoryPatience,
          bytes: Int(flight.maxSize.bytes)))
    } catch {
      throw Failure(error)
    }
    recorder.beginSection(rings: RecordBuffer(), at: MonotonicClock.now())
    let files = try FlightFiles(
      folder, FlightFiles.Limits(files: flight.maxFiles, bytes: flight.maxTotal.bytes))
    return (recorder, files)
  }
}
