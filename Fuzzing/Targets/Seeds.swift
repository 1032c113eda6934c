import Glibc
import UringBase
import UringDocuments
import UringRecordings
import UringSources

/// The first inputs of each target, made of the project's fixtures. Others are in Tests/Fuzz.
struct Seeds {
  /// The project's folder.
  let root: String

  func write(to folder: String) {
    let recordings = recordings()
    write(recordings.flatMap(Self.pieces), to: folder, RecordingTarget.name)
    write(recordings.flatMap(Self.pieces).compactMap(Self.blocks), to: folder, BlocksTarget.name)
    write(recordings.flatMap(Self.pieces).compactMap(Self.trace), to: folder, TraceTarget.name)
    write(
      recordings.flatMap(Self.pieces).compactMap(Self.snapshot), to: folder, SnapshotTarget.name)
    write(Self.commandLines.map { Array($0.utf8) }, to: folder, ArgumentsTarget.name)
    write([Self.smallELF()], to: folder, ELFTarget.name)
    write(Self.keys.map { Array($0.utf8) }, to: folder, KeysTarget.name)
    write(
      ConfigurationTarget.seeds.map { Array($0.utf8) }, to: folder, ConfigurationTarget.name)
  }

  private func write(_ inputs: [[UInt8]], to folder: String, _ name: String) {
    let folder = "\(folder)/\(name)"
    mkdir(folder, 0o755)
    for (index, input) in inputs.enumerated() {
      let file = open("\(folder)/seed-\(index)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      guard file >= 0, Glibc.write(file, input, input.count) == input.count else {
        fatalError("cannot write to \(folder)")
      }
      close(file)
    }
  }

  // MARK: Recordings

  private func recordings() -> [RecordFile] {
    ["Tests/Fixtures", "Tests/Ublk/Recordings"].flatMap { Self.files(in: "\(root)/\($0)") }
      .filter { $0.hasSuffix(".uring") }
      .compactMap { Procfs.read($0) }.compactMap { RecordFile($0) }
  }

  /// The start of a recording, and some records of each of its kinds.
  private static func pieces(_ file: RecordFile) -> [[UInt8]] {
    [file.bytes(limit: RecordingTarget.longest), file.digest(limit: RecordingTarget.longest)]
  }

  private static func files(in folder: String) -> [String] {
    Procfs.entries(folder).sorted().flatMap { name in
      let path = "\(folder)/\(name)"
      let inside = files(in: path)
      return inside.isEmpty ? [path] : inside
    }
  }

  /// The contents of a file, or of all files below a folder, in the order of their names.
  static func contents(_ path: String) -> [[UInt8]] {
    let files = files(in: path)
    return (files.isEmpty ? [path] : files).compactMap { Procfs.read($0) }
  }

  /// The recording in blocks of a few records each, every other one compressed.
  private static func blocks(_ bytes: [UInt8]) -> [UInt8]? {
    guard let recording = try? Recording(bytes: bytes) else { return nil }
    let encoder = TraceFormat.uring.makeEncoder(header: recording.header)
    var blocks: [UInt8] = []
    encoder.begin(into: &blocks)
    recording.forEachRecord { record in
      encoder.isBehind.toggle()
      encoder.encode(
        UnsafeRawBufferPointer(start: record, count: Int(record.pointee.size)), into: &blocks)
    }
    return blocks.count <= BlocksTarget.longest ? blocks : nil
  }

  private static func trace(_ bytes: [UInt8]) -> [UInt8]? {
    guard let recording = try? Recording(bytes: bytes) else { return nil }
    let encoder = TraceFormat.jsonl.makeEncoder(header: recording.header)
    var trace: [UInt8] = []
    encoder.begin(into: &trace)
    recording.withRecordBytes { encoder.encode($0, into: &trace) }
    let limit = TraceTarget.longest
    let end = trace.count > limit ? trace[..<limit].lastIndex(of: UInt8(ascii: "\n")) : nil
    return end.map { Array(trace[...$0]) } ?? trace
  }

  private static func snapshot(_ bytes: [UInt8]) -> [UInt8]? {
    guard let recording = try? Recording(bytes: bytes) else { return nil }
    let document = SnapshotDocument(recording.snapshot(at: nil), toolVersion: "").encoded()
    return document.count > SnapshotTarget.longest ? nil : document
  }

  /// The recording over whose screens keys are typed. Relative: fuzzers run in the project's folder.
  static var screenRecording: [UInt8] {
    Procfs.read("Tests/Fixtures/6.12-sqe-group/sqe_group.uring") ?? []
  }

  // MARK: Others

  private static let commandLines = [
    "--pid\n4242\n--fd\n5", "--comm\nfio\n--op\nREAD,WRITE_FIXED\n--min-age\n10ms",
    "record\n-o\ntrace.uring\n--\nfio\njob.fio", "report\n--json\n--from\ntrace.uring",
    "10ms\n64M\nREAD\nwarn",
    "snapshot\n--from\n-\n--at\n2.5s", "--sample\n1/16\n--stacks\n--syscalls\non",
    "1m30s\nread|write\n",
  ]

  private static let keys = [
    "\u{0}12345671\t\t\r", "\u{1}..,,ee g2.5s\r", "\u{2}/read\r\u{1B}[B\u{1B}[B\r\u{1B}",
    "\u{3}1\rG\rG\u{1B}>\u{1B}[B\r",
    "\u{5}\u{1B}[<0;10;10M\u{1B}[<64;5;5M?q",
  ]

  /// A header, one segment, and sections with three functions: what `ELFSymbols` looks at.
  private static func smallELF() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x200)
    func set(_ value: UInt64, _ width: Int, at offset: Int) {
      for index in 0..<width {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    for (index, byte) in [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1].enumerated() {
      bytes[index] = UInt8(byte)
    }
    for (offset, width, value) in [
      (32, 8, 0x40), (54, 2, 56), (56, 2, 1),  // program headers
      (40, 8, 0x80), (58, 2, 64), (60, 2, 3),  // section headers
      (0x40, 4, 1), (0x48, 8, 0), (0x50, 8, 0x1000), (0x60, 8, 0x2000),  // PT_LOAD
      (0xC4, 4, 2), (0xD8, 8, 0x140), (0xE0, 8, 72), (0xE8, 4, 2),  // SHT_SYMTAB
      (0x104, 4, 3), (0x118, 8, 0x190), (0x120, 8, 16),  // SHT_STRTAB
    ] { set(UInt64(value), width, at: offset) }
    for (index, (name, address)) in [(1, 0x1040), (6, 0x1139), (11, 0x1200)].enumerated() {
      let start = 0x140 + 24 * index
      set(UInt64(name), 4, at: start)
      set(2, 1, at: start + 4)
      set(UInt64(address), 8, at: start + 8)
      set(0x40, 8, at: start + 16)
    }
    for (index, byte) in "\0main\0read\0end\0".utf8.enumerated() { bytes[0x190 + index] = byte }
    return bytes
  }
}
