import ArgumentParser
import UringBase

/// A number of bytes on the command line, as in expressions: `4096`, `4K`, `1G`. At most 2^50.
struct ByteCountArgument: ExpressibleByArgument, Hashable, Sendable {
  var bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  init?(argument: String) {
    guard let bytes = Quantity.bytes(argument), bytes <= 1 << 50 else { return nil }
    self.bytes = bytes
  }

  var defaultValueDescription: String {
    bytes.isMultiple(of: 1 << 20) ? "\(bytes >> 20)M" : "\(bytes)"
  }
}
