import CRecord
import UringRecords

/// Changes traces in JSON: whole lines, and single values in them.
struct TraceMutator {
  private var donors: [[UInt8]] = []
  private static let mostDonors = 4096
  private static let newline = UInt8(ascii: "\n")
  private static let descriptors = RecordKind.all.compactMap(\.descriptor).filter(\.hasLine)

  mutating func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    var lines = input.split(separator: Self.newline).map { Array($0) }
    guard lines.count > 1 else { return nil }
    let kept = lines[1 + random.below(lines.count - 1)]
    if donors.count < Self.mostDonors {
      donors.append(kept)
    } else {
      donors[random.below(donors.count)] = kept
    }
    for _ in 0...random.below(4) { change(&lines, &random) }
    var output: [UInt8] = []
    for line in lines where output.count + line.count < limit { output += line + [Self.newline] }
    return output
  }

  private func change(_ lines: inout [[UInt8]], _ random: inout Random) {
    let index = 1 + random.below(lines.count - 1)
    guard lines.count > 1 else { return }
    switch random.below(8) {
    case 0: lines.remove(at: index)
    case 1: lines.insert(lines[index], at: index)
    case 2: lines.swapAt(index, 1 + random.below(lines.count - 1))
    case 3: if let donor = random.element(of: donors) { lines.insert(donor, at: index) }
    case 4:
      if let descriptor = random.element(of: Self.descriptors) {
        lines.insert(newLine(descriptor, &random), at: index)
      }
    case 5: changeValue(of: &lines[0], &random)
    default: changeValue(of: &lines[index], &random)
    }
  }

  /// A line of a kind, with a value for some of its members.
  private func newLine(_ descriptor: RecordDescriptor, _ random: inout Random) -> [UInt8] {
    var text =
      #"{"type":"event","time_ns":\#(random.border()),"event":"\#(descriptor.name)","tid":7"#
    text +=
      #","ctx":"0x\#(String(random.below(3) + 1, radix: 16))","kiocb":"0x\#(random.below(4))""#
    for field in descriptor.fields where random.below(2) == 0 {
      text += #","\#(field.name)":"# + value(&random)
    }
    return Array((text + "}").utf8)
  }

  private func value(_ random: inout Random) -> String {
    switch random.below(6) {
    case 0: "null"
    case 1: #""0x\#(String(random.border(), radix: 16))""#
    case 2: "-\(random.border() >> 1)"
    case 3: #"["a",1,{"b":[]}]"#
    case 4: #""\u202e\ud83d\n""#
    default: "\(random.border())"
    }
  }

  /// Replaces what follows one of the colons.
  private func changeValue(of line: inout [UInt8], _ random: inout Random) {
    let colons = line.indices.filter { line[$0] == UInt8(ascii: ":") }
    guard let colon = random.element(of: colons) else { return }
    var end = colon + 1
    if end < line.count, line[end] == UInt8(ascii: "\"") {
      end = (line[(end + 1)...].firstIndex(of: UInt8(ascii: "\"")) ?? line.count - 1) + 1
    } else {
      while end < line.count, !",}]".utf8.contains(line[end]) { end += 1 }
    }
    line.replaceSubrange(colon + 1..<min(end, line.count), with: Array(value(&random).utf8))
  }
}
