import CBPF
import CZlib
import Foundation

/// Build tool that compiles one BPF source and writes the object as a Swift constant, or writes a
/// list of these constants.
///
/// Arguments to compile: name, source, folder of the programs, include folder, clang, llvm-objcopy,
/// output. Arguments to write the list: `all`, output, names.
@main
struct EmbedBPF {
  static func main() throws {
    let arguments = CommandLine.arguments
    if arguments.count > 3, arguments[1] == "all" {
      return try writeList(of: arguments[3...], to: URL(filePath: arguments[2]))
    }
    guard arguments.count == 8 else {
      fail("usage: EmbedBPF NAME SOURCE PROGRAMS INCLUDES CLANG OBJCOPY OUTPUT")
    }
    let (name, source) = (arguments[1], arguments[2])
    let (programs, includes) = (arguments[3], arguments[4])
    let (clang, objcopy) = (arguments[5], arguments[6])
    let output = URL(filePath: arguments[7])
    let object = output.deletingPathExtension().appendingPathExtension("o")

    try run(
      clang,
      [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Werror",
        "-D__TARGET_ARCH_\(architecture)", "-I", programs, "-I", includes, "-I", multiarchIncludes,
        "-c", source, "-o", object.path(),
      ])
    // Removes DWARF but keeps BTF: the object becomes a hundred times smaller. Also removes the
    // relocations of BTF, which only linkers use.
    try run(
      objcopy,
      [
        "--strip-debug", "--remove-section=.rel.BTF", "--remove-section=.rel.BTF.ext",
        object.path(),
      ])

    let bytes = try [UInt8](Data(contentsOf: object))
    let base64 = deflated(bytes).base64EncodedString()
    let swift = """
      extension EmbeddedObject {
        /// `\(name).bpf.c`, compiled.
        public static var \(name): EmbeddedObject {
          EmbeddedObject(
            name: "\(name)", typeNames: "\(typeNames(in: object).joined(separator: " "))",
            size: \(bytes.count), base64: "\(base64)")
        }
      }

      """
    try swift.write(to: output, atomically: true, encoding: .utf8)
  }

  static func writeList(of names: ArraySlice<String>, to output: URL) throws {
    let swift = """
      extension EmbeddedObject {
        /// Every object.
        public static var all: [EmbeddedObject] {
          [\(names.map { "." + $0 }.joined(separator: ", "))]
        }
      }

      """
    try swift.write(to: output, atomically: true, encoding: .utf8)
  }

  /// Returns the names of the kernel types with which libbpf may relocate the object's programs
  /// (CO-RE).
  static func typeNames(in object: URL) -> [String] {
    guard let btf = btf__parse_elf(object.path(), nil) else {
      fail("\(object.path()) has no BTF")
    }
    defer { btf__free(btf) }
    var names: Set<String> = []
    for id in 1..<btf__type_cnt(btf) {
      guard let type = btf__type_by_id(btf, id), isNamedByRelocations(type),
        let name = btf__name_by_offset(btf, type.pointee.name_off), name[0] != 0
      else { continue }
      names.insert(String(cString: name))
    }
    return names.sorted()
  }

  static func isNamedByRelocations(_ type: UnsafePointer<btf_type>) -> Bool {
    btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type)
  }

  /// Compresses the object, to about a sixth of its size: BTF and unrolled programs are repetitive.
  static func deflated(_ bytes: [UInt8]) -> Data {
    var length = compressBound(uLong(bytes.count))
    var deflated = [UInt8](repeating: 0, count: Int(length))
    let status = compress2(
      &deflated, &length, bytes, uLong(bytes.count), Z_BEST_COMPRESSION)
    guard status == Z_OK else { fail("zlib failed with status \(status)") }
    return Data(deflated[..<Int(length)])
  }

  /// The name of the architecture in libbpf's `bpf_tracing.h`.
  static var architecture: String {
    #if arch(x86_64)
      "x86"
    #elseif arch(arm64)
      "arm64"
    #else
      fail("uringtop is built on x86_64 or arm64")
    #endif
  }

  /// The folder that contains `asm/types.h` on Debian. clang does not search it for the target
  /// `bpf`.
  static var multiarchIncludes: String {
    #if arch(x86_64)
      "/usr/include/x86_64-linux-gnu"
    #else
      "/usr/include/aarch64-linux-gnu"
    #endif
  }

  static func run(_ tool: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      fail("\(tool) failed with status \(process.terminationStatus)")
    }
  }

  static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("EmbedBPF: \(message)\n".utf8))
    exit(1)
  }
}
