import CProbe
import Glibc
import UringBase

/// Names of kernel addresses, from /proc/kallsyms. The file is read on first use.
struct KernelSymbols {
  private struct Symbol {
    var address: UInt64
    /// Range of the symbol's name in ``text``.
    var name: Range<Int>
  }

  /// Functions in order of address.
  private var functions: [Symbol] = []
  private var text: [UInt8] = []
  private var isRead = false

  /// True if /proc/kallsyms shows no addresses (kptr_restrict, or no CAP_SYSLOG).
  private(set) var areHidden = false

  /// Returns the frames of a kernel stack as text, such as "io_read+0x1a", innermost first.
  mutating func describe(_ stack: probe_stack) -> [String] {
    guard stack.size > 0 else { return [] }
    read()
    let count = min(Int(stack.size) / 8, Int(PROBE_STACK_DEPTH))
    return withUnsafeBytes(of: stack.frames) { frames in
      (0..<count).map { describe(frames.load(fromByteOffset: $0 * 8, as: UInt64.self)) }
    }
  }

  private func describe(_ address: UInt64) -> String {
    // kallsyms has no sizes: each function extends to the next one.
    let index = functions.partitioningIndex { $0.address > address } - 1
    guard !areHidden, index >= 0 else { return "0x" + String(address, radix: 16) }
    let symbol = functions[index]
    let name = String(decoding: text[symbol.name], as: UTF8.self)
    return "\(name)+0x\(String(address - symbol.address, radix: 16))"
  }

  /// Returns the address of a kernel variable; nil if /proc/kallsyms does not show it.
  mutating func address(of variable: String) -> UInt64? {
    if let known = variables[variable] { return known }
    var found: UInt64?
    let lines = Procfs.read("/proc/kallsyms", limit: 64 << 20) ?? []
    Self.forEachLine(of: lines) { bytes, address, _, name in
      guard address != 0, bytes[name].elementsEqual(variable.utf8) else { return }
      found = address
    }
    variables[variable] = .some(found)
    return found
  }

  private var variables: [String: UInt64?] = [:]

  private mutating func read() {
    guard !isRead else { return }
    isRead = true
    text = Procfs.read("/proc/kallsyms", limit: 64 << 20) ?? []
    var symbols: [Symbol] = []
    Self.forEachLine(of: text) { _, address, type, name in
      guard address != 0, [UInt8(ascii: "t"), UInt8(ascii: "T")].contains(type) else { return }
      symbols.append(Symbol(address: address, name: name))
    }
    functions = symbols.sorted { $0.address < $1.address }
    areHidden = functions.isEmpty
    if areHidden { text = [] }
  }

  /// Calls `body` for each line `address type name`; lines of modules' symbols end in `[module]`.
  private static func forEachLine(
    of text: [UInt8], _ body: ([UInt8], UInt64, UInt8, Range<Int>) -> Void
  ) {
    var position = 0
    while position < text.count {
      var address: UInt64 = 0
      while position < text.count, text[position] != UInt8(ascii: " ") {
        // `&+` and the final mask prevent overflow: the value of an invalid digit can exceed 15.
        let digit = text[position]
        address = address << 4 | UInt64((digit & 0xF) &+ (digit > UInt8(ascii: "9") ? 9 : 0)) & 0xF
        position += 1
      }
      guard position + 3 < text.count else { return }
      let type = text[position + 1]
      let start = position + 3
      position = start
      while position < text.count, text[position] > UInt8(ascii: " ") { position += 1 }
      body(text, address, type, start..<position)
      while position < text.count, text[position] != UInt8(ascii: "\n") { position += 1 }
      position += 1
    }
  }
}
