import ArgumentParser
import UringBase
import UringTrace

/// Opcodes on the command line: names separated by commas, in upper or lower case.
struct OpcodeArgument: Hashable, Sendable {
  var opcodes: [Opcode]

  /// Parses `READ,WRITE_FIXED`; throws an error that suggests similar names.
  static func parse(_ argument: String) throws -> OpcodeArgument {
    var opcodes: [Opcode] = []
    for part in argument.split(separator: ",") {
      guard let opcode = Opcode(name: String(part)) else {
        let hint = NearNames.hint(for: part.uppercased(), in: Opcode.all.map(\.name))
        throw ValidationError("unknown opcode '\(part)'\(hint)")
      }
      opcodes.append(opcode)
    }
    guard !opcodes.isEmpty else { throw ValidationError("--op needs an opcode, as READ") }
    return OpcodeArgument(opcodes: opcodes)
  }
}
