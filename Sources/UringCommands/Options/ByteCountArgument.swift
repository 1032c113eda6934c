import ArgumentParser
import UringBase

/// A number of bytes on the command line, as in expressions: `4096`, `4K`, `1G`. At most 2^50.
struct ByteCountArgument: Hashable, Sendable {
  var bytes: UInt64

  /// The parser of each option that takes a size; see ``DurationArgument/parse(_:)``.
  static func parse(_ argument: String) throws -> ByteCountArgument {
    guard let bytes = Quantity.bytes(argument) else {
      throw ValidationError(
        "a size is a number of bytes, or a number with K, M, G or T, such as 64M")
    }
    guard bytes <= 1 << 50 else { throw ValidationError("a size can be at most 1024T") }
    return ByteCountArgument(bytes: bytes)
  }
}
