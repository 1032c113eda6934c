import Foundation
import SystemPackage
import UringRecordings
import UringSources
import UringTrace

/// A recording of a test program, and the program's truth (the program's own record of its
/// requests).
public struct Observation: Sendable, CustomStringConvertible {
  /// The kernel series, which is the folder's name.
  public var kernel: String
  public var program: String
  private var folder: URL

  /// - Parameter folder: the folder with PROGRAM.uring and PROGRAM.json, which
  /// scripts/observe-programs writes.
  public init(_ program: String, in folder: URL) {
    self.program = program
    self.folder = folder
    kernel = folder.lastPathComponent
  }

  /// Returns all observations in a folder.
  public static func all(in folder: URL) -> [Observation] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().filter { $0.hasSuffix(".uring") }
      .map { Observation(String($0.dropLast(6)), in: folder) }
  }

  /// Returns the subfolders of a folder.
  public static func folders(in folder: URL) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().map { folder.appending(path: $0, directoryHint: .isDirectory) }
      .filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true }
  }

  public func truth() throws -> ProgramTruth {
    let data = try Data(contentsOf: folder.appending(path: "\(program).json"))
    guard let truth = try ProgramTruth(lastLineOf: data) else {
      throw Failure(description: "\(program) said nothing")
    }
    return truth
  }

  /// Path of the recording.
  public var path: String { folder.appending(path: "\(program).uring").path() }

  public func recording() throws -> Recording { try Self.recording(path) }

  public static func recording(_ path: String) throws -> Recording {
    try Recording(path: FilePath(path))
  }

  /// The snapshot at the end of the recording.
  public func snapshot() throws -> Snapshot { try recording().snapshot(at: nil) }

  public func comparison() throws -> TruthComparison {
    try TruthComparison(truth(), snapshot())
  }

  public var description: String { "\(program) on \(kernel)" }

  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }
}
