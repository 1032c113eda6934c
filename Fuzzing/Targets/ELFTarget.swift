import FuzzDriver
import Glibc

@testable import UringProbe

/// The symbols of programs and libraries.
enum ELFTarget: Target {
  static let name = "elf"
  static let longest = 1024
  nonisolated(unsafe) private static var descriptor: Int32 = -1

  static func prepare() { descriptor = driver_memory_file() }

  static func run(_ input: UnsafeRawBufferPointer) {
    ftruncate(descriptor, 0)
    pwrite(descriptor, input.baseAddress, input.count, 0)
    _ = ELFSymbols(descriptor: descriptor)?.describe(offsets, budget: 1 << 20)
  }

  private static let offsets: Set<UInt64> = [0, 0x40, 0x1000, 0x1040, 0x1139, .max]

  /// A number of a table's entry, or of the header.
  static func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    guard input.count >= 64, random.below(2) == 0 else { return nil }
    var output = input
    let offset = random.below(4) == 0 ? random.below(8) * 8 : random.below(input.count / 8) * 8
    let value = random.below(2) == 0 ? random.border() : UInt64(random.below(input.count * 2))
    for index in 0..<(random.below(2) == 0 ? 8 : 2) where offset + index < output.count {
      output[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
    return output
  }
}
