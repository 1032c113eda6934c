import UringBase
import UringTrace

/// The part of a workload that a request belongs to: its program, file and opcode.
///
/// Roles of two recordings match by these names. Process ids, rings, descriptors and inodes differ
/// between two runs of one program, and so do numbers in the names of temporary files. Digits in a
/// file's name therefore become `#`.
public struct WorkloadRole: Hashable, Sendable, Comparable {
  /// Name of the process that owns the ring.
  public var program: String
  /// Name of the file with `#` for each run of digits, or the kind of a file without a path. Empty
  /// for requests without a file; nil for the role of all requests of the opcode.
  public var file: String?
  public var opcode: Opcode

  /// The file of roles beyond ``WorkloadProfile/roleLimit``.
  static let otherFiles = "other files"

  public static func < (left: WorkloadRole, right: WorkloadRole) -> Bool {
    (left.program, left.opcode.rawValue, left.file ?? "")
      < (right.program, right.opcode.rawValue, right.file ?? "")
  }

  /// The role of all requests of this program and opcode.
  var allFiles: WorkloadRole { WorkloadRole(program: program, file: nil, opcode: opcode) }

  /// The part of a file's name that stays the same from run to run: `/data/db.#` for `/data/db.17`,
  /// `socket` for `10.0.0.7:443 → 10.0.0.9:51234`.
  static func pattern(of name: String, isSocket: Bool) -> String {
    if isSocket { return "socket" }
    for kind in ["socket:", "pipe:", "pidfd:"] where name.hasPrefix(kind) {
      return String(kind.dropLast())
    }
    var pattern = ""
    for character in name {
      if !character.isASCII || !character.isNumber {
        pattern.append(character)
      } else if pattern.last != "#" {
        pattern.append("#")
      }
    }
    return pattern
  }
}
