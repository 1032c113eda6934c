import ArgumentParser
import UringBase
import UringFields
import UringTrace

@testable import UringCommands
@testable import UringUI

/// The command line with its filters, and what users type into the prompts of the screen. Lines are arguments.
enum ArgumentsTarget: Target {
  static let name = "arguments"
  static let longest = 192

  static func run(_ input: UnsafeRawBufferPointer) {
    let lines = input.split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
    for line in lines.prefix(4) { read(line) }
    // The parser of command lines takes a thousand times as long as those of values, and the search for names of
    // opcodes that are similar to a wrong one a hundred times.
    switch input.count % 64 {
    case 0: _ = try? Uringtop.parseAsRoot(lines)
    case 1: if let text = lines.first { readFilters(text) }
    case 2...8: for line in lines.prefix(4) { _ = try? OpcodeArgument.parse(line) }
    case 9...40:
      for line in lines.prefix(4) { _ = try? Query(line, over: FieldSet<Request>.requests) }
    default: break
    }
  }

  private static func read(_ text: String) {
    _ = try? DurationArgument.parse(text).text
    _ = try? ByteCountArgument.parse(text)
    _ = SeverityArgument(argument: text)
    _ = Clock.parse(text)
    _ = TextMatch(text)?.matches("read \(text) of a file")
  }

  private static func readFilters(_ text: String) {
    if let filters = try? FilterOptions.parse(["--pid", text, "--comm", text, "--fd", text]) {
      _ = filters.filter
      _ = filters.description
    }
  }

  private static let words = [
    "--pid", "--comm", "--fd", "--op", "--min-age", "--sample", "--stacks", "--syscalls", "record",
    "replay", "report",
    "snapshot", "export", "demo", "-o", "--from", "--at", "--json", "--", "1/8", "10ms", "1m30s",
    "READ,WRITE", "4242", "op:READ", "age>30ms", "!state=io-wq|linked", "file:*.db", "result<0",
    "--where", "--columns", "opcode,age",
    "18446744073709551616", "9e99s", "-1", "1.5.5s", "64G", "\u{202E}",
  ]

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    guard random.below(3) == 0, let word = random.element(of: words) else { return nil }
    var lines = input.split(separator: UInt8(ascii: "\n")).map { Array($0) }
    lines.insert(Array(word.utf8), at: random.below(lines.count + 1))
    return Array(lines.joined(separator: [UInt8(ascii: "\n")]).prefix(limit))
  }
}
