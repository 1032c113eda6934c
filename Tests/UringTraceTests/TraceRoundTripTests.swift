import CRecord
import Testing
import UringRecords

@testable import UringRecordings

/// Tests that the export as JSON lines keeps the complete content of a binary recording.
@Suite struct TraceRoundTripTests {
  /// Exports valid records with arbitrary content: values without names, arbitrary flags, text that
  /// is not UTF-8, bytes without a meaning.
  @Test(arguments: RecordKind.all.filter { $0 != .end }) func recordsSurvive(kind: RecordKind)
    throws
  {
    var random = RandomRecords(seed: UInt64(kind.rawValue) + 1, timeRange: 1 << 40)
    var bounds = RecordBounds()
    var (stream, originals) = ([UInt8](), [[UInt8]]())
    for _ in 0..<2000 where originals.count < 50 {
      let bytes = random.next(kind).withUnsafeBytes { Array($0) }
      var bound = bounds
      let isValid = bytes.withUnsafeBytes {
        RecordCheck($0).length == bytes.count
          && bound.admit($0.baseAddress!.assumingMemoryBound(to: record.self))
      }
      guard isValid else { continue }
      bounds = bound
      originals.append(bytes)
      stream += bytes
    }
    let copy = try Recording(bytes: Self.trace(stream))
    #expect(copy.flaw == .cutOff)
    var copies: [[UInt8]] = []
    copy.forEachRecord {
      copies.append(Array(UnsafeRawBufferPointer(start: $0, count: Int($0.pointee.size))))
    }
    #expect(originals.count == 50)
    #expect(copies.map(Self.essence) == originals.map(Self.essence))
  }

  /// Returns the bytes of a record without its size field and its trailing zeros. Missing fields
  /// count as zero, so the remaining bytes identify the content.
  private static func essence(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let size = MemoryLayout<record>.offset(of: \.size)!
    bytes.replaceSubrange(size..<size + 2, with: [0, 0])
    return Array(bytes[..<((bytes.lastIndex { $0 != 0 } ?? -1) + 1)])
  }

  private static func trace(_ records: [UInt8]) -> [UInt8] {
    let encoder = TraceFormat.jsonl.makeEncoder(
      header: RecordingHeader(toolVersion: "0", host: SampleStream.host))
    var text: [UInt8] = []
    encoder.begin(into: &text)
    records.withUnsafeBytes { encoder.encode($0, into: &text) }
    return text
  }

  /// A record whose values all have names in JSON needs no `record_bytes`.
  @Test func onlyWhatHasNoMemberIsWrittenAsBytes() throws {
    var lost = record_lost()
    lost.base.size = UInt16(MemoryLayout<record_lost>.size)
    lost.base.kind = .lost
    lost.base.opcode = UInt8(RECORD_OPCODE_NONE)
    lost.count = 3
    lost.cause = .outputStalled
    func text() -> String {
      String(decoding: Self.trace(withUnsafeBytes(of: lost) { Array($0) }), as: UTF8.self)
    }
    #expect(!text().contains("record_bytes"))
    lost.cause = LossCause(rawValue: 77)!
    #expect(text().contains(#""cause":"unknown","record_bytes":"0000"#))
  }

  /// Schema 1 had other names for some members.
  @Test(arguments: RecordKind.all.filter { $0 != .end }) func schema1IsRead(kind: RecordKind) throws
  {
    var random = RandomRecords(seed: UInt64(kind.rawValue) + 1, timeRange: 1 << 40)
    let original = (0..<2000).lazy.map { _ in random.next(kind).withUnsafeBytes { Array($0) } }
      .first { bytes in
        var bounds = RecordBounds()
        return bytes.withUnsafeBytes {
          RecordCheck($0).length == bytes.count
            && bounds.admit($0.baseAddress!.assumingMemoryBound(to: record.self))
        }
      }
    let bytes = try #require(original)
    var text = String(decoding: Self.trace(bytes), as: UTF8.self)
    text = text.replacing(#""schema":2"#, with: #""schema":1"#, maxReplacements: 1)
    for (name, former) in LineMembers.formerNames {
      text = text.replacing("\"\(name)\":", with: "\"\(former)\":")
    }
    let copy = try Recording(bytes: Array(text.utf8)).withRecordBytes { Array($0) }
    #expect(Self.essence(copy) == Self.essence(bytes))
  }

  // MARK: Foreign traces

  private static let header =
    #"{"type":"header","schema":1,"kernel":"k","tier":"t","start_ns":1}"# + "\n"
  private static let start =
    #"{"type":"event","t":5,"ring":null,"req":null,"user_data":null,"opcode":null,"tid":0,"#

  private static func read(_ members: String) throws -> Recording {
    try Recording(bytes: Array((header + start + members + "}\n").utf8))
  }

  /// Earlier versions of uringtop wrote such lines without `record_bytes`, and could not read them
  /// back.
  @Test(arguments: [
    #""event":"lost","count":1,"cause":"unknown""#,
    #""event":"buffer_release","function":"0","buffer":"0x0","node":"0x0","priv":"0x0","release":"0x0","sharers":0"#,
    #""event":"buffer_release","function":"4294967295","buffer":"0x0","node":"0x0","priv":"0x0","release":"0x0","sharers":0"#,
  ]) func earlierTracesAreRead(members: String) throws {
    let recording = try Self.read(members)
    #expect(recording.flaw == .cutOff)
    #expect(recording.recordCount == 1)
  }

  /// A `freed` record is a header without fields: its size is 32 (0x20), its kind 70 (0x46).
  @Test func bytesThatAreARecordAreRead() throws {
    let bytes = String(repeating: "00", count: 28) + "20004600"
    let recording = try Self.read(#""event":"freed","record_bytes":"\#(bytes)""#)
    #expect(recording.recordCount == 1)
  }

  @Test(arguments: [
    "", "0", "xx", String(repeating: "00", count: 32),
    // In this order: a record that is too short, a record of an unknown kind, an end record, and a
    // record with one byte too many.
    String(repeating: "00", count: 28) + "18004600",
    String(repeating: "00", count: 28) + "2000fe00",
    String(repeating: "00", count: 28) + "30004800" + String(repeating: "00", count: 16),
    String(repeating: "00", count: 28) + "20004600" + "00",
  ]) func bytesThatAreNoRecordAreRefused(bytes: String) throws {
    let recording = try Self.read(#""event":"freed","record_bytes":"\#(bytes)""#)
    #expect(recording.flaw == .corrupt(place: 2, isLine: true))
    #expect(recording.recordCount == 0)
  }
}
