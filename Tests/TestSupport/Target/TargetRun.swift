import Foundation
import UringRecordings
import UringTrace

/// One run of `uringtop demo`: NAME.uring (its recording), NAME.log (the target's log) and
/// NAME.json (its output), which Tests/Ublk/guest.sh writes.
public struct TargetRun: Sendable, CustomStringConvertible {
  public var kernel: String
  public var name: String
  private var folder: URL

  public init(_ name: String, in folder: URL) {
    self.name = name
    self.folder = folder
    kernel = folder.lastPathComponent
  }

  /// Returns all runs in a folder.
  public static func all(in folder: URL) -> [TargetRun] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().filter { $0.hasSuffix(".uring") }
      .map { TargetRun(String($0.dropLast(6)), in: folder) }
  }

  public var description: String { "\(name) on \(kernel)" }

  /// The part of the name that distinguishes this run from the plain run: the name of a fault,
  /// `mixed` or `queues`. Nil for the plain run.
  public var variation: Substring? { name.split(separator: "+").dropFirst().first }

  public var isFaulty: Bool { variation != nil && variation != "queues" }

  public func log() throws -> [TargetIO] { try TargetIO.log(read("log")) }

  public func account() throws -> TargetAccount { try TargetAccount(read("json")) }

  public func recording() throws -> Recording {
    let recording = try Observation.recording(folder.appending(path: "\(name).uring").path())
    if let flaw = recording.flaw { throw Observation.Failure(description: "\(self): \(flaw)") }
    return recording
  }

  /// Returns the snapshot at the end of the recording, with a history that holds all ended
  /// requests.
  ///
  /// - Parameter skipped: indices of the records to leave out, counted from 0.
  public func snapshot(without skipped: Set<Int> = []) throws -> Snapshot {
    let recording = try recording()
    var limits = Aggregator.Limits()
    limits.history = 1 << 20
    var aggregator = Aggregator(host: recording.header.host, limits: limits)
    var number = 0
    recording.forEachRecord {
      if !skipped.contains(number) { aggregator.consume($0) }
      number += 1
    }
    return aggregator.snapshot()
  }

  public func comparison() throws -> TargetComparison {
    try TargetComparison(
      log: log(), account: account(), snapshot: snapshot(),
      missed: MissedEvents.all(in: recording()))
  }

  private func read(_ suffix: String) throws -> Data {
    try Data(contentsOf: folder.appending(path: "\(name).\(suffix)"))
  }
}
