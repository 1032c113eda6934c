import CBPF
import Glibc
import UringBase

/// The BTF type information of the kernel or of a module, from a file in /sys/kernel/btf.
///
/// The type numbers in a module's file continue those of the kernel.
///
/// libbpf is not used for this, because libbpf up to 1.5 reads the file into memory twice, which
/// takes longer than all further work on the types. Since Linux 6.16 the kernel's file can be
/// mapped.
final class BTFTable {
  private let file: FileMemory
  private let base: BTFTable?
  private let types: UnsafeRawPointer
  private let strings: UnsafePointer<CChar>
  private let stringsSize: UInt32
  /// Offset of each type in `types`.
  private let offsets: [UInt32]

  /// Numbers of the types in this table.
  var ids: Range<UInt32> { firstID..<firstID + UInt32(offsets.count) }
  private let firstID: UInt32

  /// Reads a BTF file; nil if it does not exist.
  ///
  /// - Parameter base: the kernel's table, for a module's file.
  init?(_ path: String, over base: BTFTable? = nil) throws(ProbeError) {
    guard let file = FileMemory(path) else {
      guard errno != ENOENT else { return nil }
      throw ProbeError.refusal(errno, otherwise: .unsupportedKernel, "cannot read \(path)")
    }
    let headerSize = MemoryLayout<btf_header>.size
    guard file.bytes.count >= headerSize else { throw Self.malformed(path) }
    let header = file.bytes.loadUnaligned(as: btf_header.self)
    let start = Int(header.hdr_len)
    let (typesStart, typesSize) = (start + Int(header.type_off), Int(header.type_len))
    let stringsStart = start + Int(header.str_off)
    guard header.magic == 0xeb9f, typesStart % 4 == 0,
      typesStart + typesSize <= file.bytes.count, header.str_len > 0,
      stringsStart + Int(header.str_len) <= file.bytes.count,
      file.bytes[stringsStart + Int(header.str_len) - 1] == 0
    else { throw Self.malformed(path) }
    self.file = file
    self.base = base
    types = file.bytes.baseAddress! + typesStart
    strings = (file.bytes.baseAddress! + stringsStart).assumingMemoryBound(to: CChar.self)
    stringsSize = header.str_len
    // The kernel's types start at 1: the number 0 means "no type" (void).
    firstID = base?.ids.upperBound ?? 1
    var offsets: [UInt32] = []
    offsets.reserveCapacity(typesSize / 20)
    var offset = 0
    while offset < typesSize {
      guard offset + MemoryLayout<btf_type>.size <= typesSize,
        let size = Self.size(of: (types + offset).assumingMemoryBound(to: btf_type.self)),
        offset + size <= typesSize
      else { throw Self.malformed(path) }
      offsets.append(UInt32(offset))
      offset += size
    }
    self.offsets = offsets
  }

  private static func malformed(_ path: String) -> ProbeError {
    ProbeError(.unsupportedKernel, "cannot parse the BTF in \(path)")
  }

  /// Returns the bytes of a type including its members, values or parameters; nil for an unknown
  /// kind.
  private static func size(of type: UnsafePointer<btf_type>) -> Int? {
    let (size, count) = (MemoryLayout<btf_type>.size, Int(btf_vlen(type)))
    return switch BTFKind(rawValue: UInt32(btf_kind(type))) {
    case .pointer, .forward, .typedef, .volatile, .constant, .restrict, .function, .float, .typeTag:
      size
    case .integer, .variable, .declarationTag: size + 4
    case .array: size + MemoryLayout<btf_array>.size
    case .structure, .union: size + count * MemoryLayout<btf_member>.size
    case .enumeration: size + count * MemoryLayout<btf_enum>.size
    case .enumeration64: size + count * MemoryLayout<btf_enum64>.size
    case .prototype: size + count * MemoryLayout<btf_param>.size
    case .dataSection: size + count * MemoryLayout<btf_var_secinfo>.size
    case nil: nil
    }
  }

  /// Returns the type with a number, valid as long as the table exists; nil if there is none.
  func type(_ id: UInt32) -> UnsafePointer<btf_type>? {
    if id < firstID { return base?.type(id) }
    guard id - firstID < offsets.count else { return nil }
    return (types + Int(offsets[Int(id - firstID)])).assumingMemoryBound(to: btf_type.self)
  }

  /// Returns the name at an offset of the string section, valid as long as the table exists; empty
  /// for an anonymous type or member.
  func name(_ offset: UInt32) -> UnsafePointer<CChar> {
    var offset = offset
    if let base {
      guard offset >= base.stringsSize else { return base.name(offset) }
      offset -= base.stringsSize
    }
    return strings + Int(offset < stringsSize ? offset : stringsSize - 1)
  }

  func name(of type: UnsafePointer<btf_type>) -> UnsafePointer<CChar> {
    name(type.pointee.name_off)
  }
}

/// A file's contents: mapped or, if the file cannot be mapped, read into memory.
///
/// If the initializer fails, `errno` holds the reason.
private final class FileMemory {
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  init?(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return nil }
    let size = Int(status.st_size)
    if let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED {
      bytes = UnsafeRawBufferPointer(start: address, count: size)
      isMapped = true
      return
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    var length = 0
    while length < size {
      let count = read(descriptor, memory.baseAddress! + length, size - length)
      guard count > 0 else { break }
      length += count
    }
    guard length == size else {
      memory.deallocate()
      return nil
    }
    bytes = UnsafeRawBufferPointer(memory)
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress!), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}
