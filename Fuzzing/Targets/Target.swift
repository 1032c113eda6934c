/// Code that reads input from strangers.
protocol Target: SendableMetatype {
  static var name: String { get }

  /// Bytes of an input at most: short ones are read more often.
  static var longest: Int { get }

  /// Called once, before the first input.
  static func prepare()

  /// Reads one input; anything but a crash is right.
  static func run(_ input: UnsafeRawBufferPointer)

  /// An input that differs in its structure; nil leaves the mutation to libFuzzer.
  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]?
}

extension Target {
  static func prepare() {}

  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? { nil }

  /// A changed input. One in eight is changed without regard to its structure.
  static func changed(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8] {
    if random.below(8) != 0, let output = mutate(input, limit: limit, &random),
      output.count <= limit
    {
      return output
    }
    return input.changedAnywhere(limit: limit, &random)
  }
}
