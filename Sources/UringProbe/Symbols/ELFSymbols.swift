import Glibc

/// The functions of a program or library, from the symbol table of a 64-bit ELF file: `.symtab` or,
/// if the file was stripped, `.dynsym`.
///
/// Files are not trusted, so every offset and length is checked. The table is read in pieces and
/// only the requested symbols are kept, so memory use does not depend on the size of the file.
struct ELFSymbols {
  /// The file ranges of a symbol table and of its string table.
  private struct Table {
    var entries: Range<UInt64>
    var names: Range<UInt64>
  }

  /// A part of the file that is loaded into memory (PT_LOAD).
  private struct Segment {
    var offset: UInt64
    var size: UInt64
    var address: UInt64
  }

  /// A function that may contain an address.
  private struct Function {
    var address: UInt64
    var size: UInt64
    /// Offset of the function's name in the string table.
    var name: UInt64
  }

  private let file: File
  private var segments: [Segment] = []
  private var table: Table?

  /// Size of the symbol table in bytes.
  var tableBytes: UInt64 { table.map { UInt64($0.entries.count) } ?? 0 }

  /// Maximum size of the program or section headers in bytes; a file has up to 65535 headers.
  private static let mostHeaderBytes: UInt64 = 4 << 20
  private static let mostSegments = 256
  /// Maximum number of bytes that are kept of a function's name.
  private static let longestName = 512

  /// Reads the headers of a file; nil unless it is a 64-bit little-endian ELF file.
  ///
  /// - Parameter descriptor: must stay open as long as this value is used.
  init?(descriptor: Int32) {
    file = File(descriptor: descriptor)
    guard let header = file.read(at: 0, count: 64), header.starts(with: [0x7F, 0x45, 0x4C, 0x46]),
      header[4] == 2, header[5] == 1
    else { return nil }
    readSegments(header)
    readSections(header)
  }

  /// Returns a text such as "function+0x1a" for each file offset inside a function; nil if the
  /// symbol table is larger than `budget` bytes.
  func describe(_ offsets: Set<UInt64>, budget: UInt64) -> [UInt64: String]? {
    guard let table else { return [:] }
    guard tableBytes <= budget else { return nil }
    var addresses: [UInt64: UInt64] = [:]
    for offset in offsets { addresses[offset] = address(of: offset) }
    let functions = functions(at: Set(addresses.values).sorted(), in: table)
    var names: [UInt64: String] = [:]
    for (offset, address) in addresses {
      guard let function = functions[address], let name = name(of: function, in: table) else {
        continue
      }
      names[offset] = name + "+0x" + String(address - function.address, radix: 16)
    }
    return names
  }

  private func address(of offset: UInt64) -> UInt64? {
    segments.first { offset >= $0.offset && offset - $0.offset < $0.size }
      .map { offset - $0.offset &+ $0.address }
  }

  /// Returns the function that contains each address. `addresses` must be sorted.
  private func functions(at addresses: [UInt64], in table: Table) -> [UInt64: Function] {
    // For each address: the last function that starts at or below it and above the previous
    // address.
    var nearest = [Function?](repeating: nil, count: addresses.count)
    var position = table.entries.lowerBound
    while position < table.entries.upperBound {
      let count = min(table.entries.upperBound - position, 24 << 12)
      guard let entries = file.read(at: position, count: count) else { break }
      position += count
      for start in stride(from: 0, through: entries.count - 24, by: 24) {
        let type = entries[start + 4] & 0xF
        let (function, indirect): (UInt8, UInt8) = (2, 10)
        let address: UInt64 = entries.number(at: start + 8)
        guard type == function || type == indirect, address != 0 else { continue }
        let index = addresses.partitioningIndex { $0 >= address }
        guard index < addresses.count, address >= nearest[index]?.address ?? 0 else { continue }
        let size: UInt64 = entries.number(at: start + 16)
        if nearest[index]?.address == address, size == 0 { continue }
        nearest[index] = Function(
          address: address, size: size, name: UInt64(entries.number(at: start) as UInt32))
      }
    }
    var functions: [UInt64: Function] = [:]
    var last: Function?
    for (index, address) in addresses.enumerated() {
      last = nearest[index] ?? last
      // The symbol of a function written in assembly can have size 0. The function then extends to
      // the next one.
      guard let last, last.size == 0 || address - last.address < last.size else { continue }
      functions[address] = last
    }
    return functions
  }

  private func name(of function: Function, in table: Table) -> String? {
    let available = UInt64(table.names.count)
    guard function.name < available,
      let bytes = file.read(
        at: table.names.lowerBound + function.name,
        count: min(available - function.name, UInt64(Self.longestName)))
    else { return nil }
    return oneLine(bytes.prefix { $0 != 0 })
  }

  private mutating func readSegments(_ header: [UInt8]) {
    let size = UInt64(header.number(at: 54) as UInt16)
    let count = UInt64(header.number(at: 56) as UInt16)
    guard size >= 56, size * count <= Self.mostHeaderBytes,
      let bytes = file.read(at: header.number(at: 32), count: size * count)
    else { return }
    for start in stride(from: 0, to: bytes.count, by: Int(size)) {
      let load: UInt32 = 1
      guard bytes.number(at: start) as UInt32 == load, segments.count < Self.mostSegments else {
        continue
      }
      segments.append(
        Segment(
          offset: bytes.number(at: start + 8), size: bytes.number(at: start + 32),
          address: bytes.number(at: start + 16)))
    }
  }

  private mutating func readSections(_ header: [UInt8]) {
    let size = UInt64(header.number(at: 58) as UInt16)
    let count = UInt64(header.number(at: 60) as UInt16)
    guard size >= 64, size * count <= Self.mostHeaderBytes,
      let sections = file.read(at: header.number(at: 40), count: size * count)
    else { return }
    func section(type: UInt32) -> Int? {
      stride(from: 0, to: sections.count, by: Int(size)).first {
        sections.number(at: $0 + 4) as UInt32 == type
      }
    }
    func contents(_ section: Int) -> Range<UInt64>? {
      let start: UInt64 = sections.number(at: section + 24)
      let (end, isTooLarge) = start.addingReportingOverflow(sections.number(at: section + 32))
      return isTooLarge || end > UInt64(Int64.max) ? nil : start..<end
    }
    let (symbolTable, dynamicSymbols): (UInt32, UInt32) = (2, 11)
    guard let symbols = section(type: symbolTable) ?? section(type: dynamicSymbols) else { return }
    let link = UInt64(sections.number(at: symbols + 40) as UInt32)
    guard link < count, let entries = contents(symbols), let names = contents(Int(link * size))
    else { return }
    table = Table(entries: entries, names: names)
  }

  private struct File {
    var descriptor: Int32

    /// Returns `count` bytes at an offset; nil if the file has fewer.
    func read(at offset: UInt64, count: UInt64) -> [UInt8]? {
      guard offset <= UInt64(Int64.max) - count else { return nil }
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
  /// Returns the little-endian integer at an offset; 0 if there are not enough bytes.
  fileprivate func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return 0 }
    return withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
