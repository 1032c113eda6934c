import UringRecordings

/// Traces as JSON lines.
enum TraceTarget: Target {
  static let name = "trace"
  static let longest = 6144
  nonisolated(unsafe) private static var mutator = TraceMutator()

  static func run(_ input: UnsafeRawBufferPointer) {
    guard input.first != UInt8(ascii: "U") else { return }
    Examination.follow(Array(input))
    guard let recording = try? Recording(bytes: Array(input)) else { return }
    Examination.examine(recording, of: input)
  }

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    mutator.mutate(input, limit: limit, &random)
  }
}
