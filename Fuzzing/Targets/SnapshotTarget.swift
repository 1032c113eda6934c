import UringDocuments
import UringFields

@testable import UringCommands

/// The JSON of snapshots.
enum SnapshotTarget: Target {
  static let name = "snapshot"
  static let longest = 16384

  static func run(_ input: UnsafeRawBufferPointer) {
    guard let stored = try? StoredSnapshot(input) else { return }
    examine(stored)
  }

  /// All that uringtop does with a snapshot that it has read.
  static func examine(_ stored: StoredSnapshot) {
    _ = stored.encoded()
    _ = SnapshotTable(SnapshotRows(stored)).text
    let choice = SnapshotList.Choice(condition: "!op:READ age>1ns", columns: nil, grouping: nil)
    for list in SnapshotList.all {
      _ = try? stored.selection(choice, of: list)
      _ = try? stored.selection(.init(condition: nil, columns: nil, grouping: nil), of: list)
    }
  }
}
