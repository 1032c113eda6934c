import CZlib

/// A BPF object file that `swift build` compiled from `bpf/programs` and put into the binary.
///
/// The objects are static members that the build-tool plugin generates, one for each
/// `NAME.bpf.c`: `EmbeddedObject.capture` for `capture.bpf.c`.
public struct EmbeddedObject: Sendable {
  /// The source's name without `.bpf.c`.
  public let name: StaticString
  /// Names of the structs, unions, enums and typedefs that its programs use, separated by spaces.
  public let typeNames: StaticString
  /// Size of the ELF file in bytes.
  let size: Int
  /// The ELF file, deflated, in base64. It is a string literal, because no other literal of this
  /// size compiles in a tenth of a second.
  let base64: StaticString

  /// Returns the ELF file.
  public func bytes() -> [UInt8] {
    let deflated = deflated()
    var bytes = [UInt8](repeating: 0, count: size)
    var length = uLong(size)
    let status = uncompress(&bytes, &length, deflated, uLong(deflated.count))
    precondition(status == Z_OK && length == size, "an embedded BPF object is damaged")
    return bytes
  }

  private func deflated() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(base64.utf8CodeUnitCount / 4 * 3)
    var bits: UInt32 = 0
    var bitCount = 0
    base64.withUTF8Buffer { text in
      for character in text {
        guard let value = Self.value(of: character) else { break }
        bits = bits << 6 | value
        bitCount += 6
        if bitCount >= 8 {
          bitCount -= 8
          bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
      }
    }
    return bytes
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
