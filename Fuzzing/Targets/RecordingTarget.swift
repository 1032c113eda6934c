import UringRecordings

/// Binary recordings.
enum RecordingTarget: Target {
  static let name = "recording"
  static let longest = 4096
  nonisolated(unsafe) private static var mutator = RecordMutator()

  static func run(_ input: UnsafeRawBufferPointer) {
    // A trace in JSON is the other target's.
    guard input.first == UInt8(ascii: "U") else { return }
    Examination.follow(Array(input))
    guard let recording = try? Recording(bytes: Array(input)) else { return }
    Examination.examine(recording, of: input)
  }

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    mutator.mutate(input, limit: limit, &random)
  }
}
