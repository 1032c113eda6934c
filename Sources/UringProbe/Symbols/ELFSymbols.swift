import Glibc

/// The functions of a program or library: the symbol table of a 64-bit ELF file, `.symtab` or, where that was
/// stripped, `.dynsym`.
///
/// Files come from strangers: every offset and length is checked, and reading is bounded.
struct ELFSymbols {
  private struct Function: Addressed {
    var address: UInt64
    var size: UInt64
    /// Where its name is in ``names``.
    var name: Int
  }

  /// A loaded part of the file (PT_LOAD).
  private struct Segment {
    var offset: UInt64
    var size: UInt64
    var address: UInt64
  }

  private var functions: [Function] = []
  private var names: [UInt8] = []
  private var segments: [Segment] = []

  /// Bytes of a symbol or name table that are read at most: that of a large browser is half of this.
  private static let mostBytes: UInt64 = 128 << 20

  /// nil if the file cannot be read or is no 64-bit little-endian ELF file.
  init?(path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let file = File(descriptor: descriptor)
    guard let header = file.read(at: 0, count: 64), header.starts(with: [0x7F, 0x45, 0x4C, 0x46]),
      header[4] == 2, header[5] == 1
    else { return nil }
    readSegments(of: file, header)
    readSymbols(of: file, header)
  }

  /// "function+0x1a" of a place in the file, nil if no function is there.
  func describe(fileOffset: UInt64) -> String? {
    guard
      let segment = segments.first(where: {
        fileOffset >= $0.offset && fileOffset - $0.offset < $0.size
      })
    else { return nil }
    let address = fileOffset - segment.offset &+ segment.address
    guard let function = functions.last(atOrBelow: address),
      // assembly has functions without a size
      function.size == 0 || address - function.address < function.size
    else { return nil }
    let name = names[function.name...].prefix { $0 != 0 }
    return harmless(name) + "+0x" + String(address - function.address, radix: 16)
  }

  private mutating func readSegments(of file: File, _ header: [UInt8]) {
    let table: UInt64 = header.number(at: 32)
    let size = UInt64(header.number(at: 54) as UInt16)
    let count = UInt64(header.number(at: 56) as UInt16)
    guard size >= 56, let bytes = file.read(at: table, count: size * count) else { return }
    for start in stride(from: 0, to: bytes.count, by: Int(size)) {
      let load: UInt32 = 1
      guard bytes.number(at: start) as UInt32 == load else { continue }
      segments.append(
        Segment(
          offset: bytes.number(at: start + 8), size: bytes.number(at: start + 32),
          address: bytes.number(at: start + 16)))
    }
  }

  private mutating func readSymbols(of file: File, _ header: [UInt8]) {
    let table: UInt64 = header.number(at: 40)
    let size = UInt64(header.number(at: 58) as UInt16)
    let count = UInt64(header.number(at: 60) as UInt16)
    guard size >= 64, let sections = file.read(at: table, count: size * count) else { return }
    func section(type: UInt32) -> Int? {
      stride(from: 0, to: sections.count, by: Int(size)).first {
        sections.number(at: $0 + 4) as UInt32 == type
      }
    }
    let (symbolTable, dynamicSymbols): (UInt32, UInt32) = (2, 11)
    guard let symbols = section(type: symbolTable) ?? section(type: dynamicSymbols) else { return }
    let link = UInt64(sections.number(at: symbols + 40) as UInt32)
    guard link < count,
      let entries = file.read(
        at: sections.number(at: symbols + 24), count: sections.number(at: symbols + 32)),
      let names = file.read(
        at: sections.number(at: Int(link * size) + 24),
        count: sections.number(at: Int(link * size) + 32))
    else { return }
    self.names = names
    for start in stride(from: 0, through: entries.count - 24, by: 24) {
      let type = entries[start + 4] & 0xF
      let (function, indirect): (UInt8, UInt8) = (2, 10)
      let name = Int(entries.number(at: start) as UInt32)
      let address: UInt64 = entries.number(at: start + 8)
      guard type == function || type == indirect, address != 0, name < names.count else { continue }
      functions.append(
        Function(address: address, size: entries.number(at: start + 16), name: name))
    }
    functions.sort { $0.address < $1.address }
  }

  private struct File {
    var descriptor: Int32

    /// The bytes there, nil if there are not so many.
    func read(at offset: UInt64, count: UInt64) -> [UInt8]? {
      guard count <= ELFSymbols.mostBytes, offset <= UInt64(Int64.max) else { return nil }
      let length = Int(count)
      var got = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, initialized in
        while got < length {
          let some = pread(
            descriptor, buffer.baseAddress! + got, length - got, off_t(offset) + off_t(got))
          if some < 0 && errno == EINTR { continue }
          guard some > 0 else { break }
          got += some
        }
        initialized = got
      }
      return got == length ? bytes : nil
    }
  }
}

extension [UInt8] {
  /// A little-endian number; 0 where there are not enough bytes.
  fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return 0 }
    return withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
