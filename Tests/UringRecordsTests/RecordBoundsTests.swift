import CRecord
import Testing

@testable import UringRecords

/// Bounds of the numbers in records. A number beyond its bound ends the usable part of a recording.
@Suite struct RecordBoundsTests {
  /// A field with a number in records of one kind.
  struct Number: CustomStringConvertible, Sendable {
    var kind: RecordKind
    var field: RecordField

    var description: String { "\(kind.descriptor!.name).\(field.name)" }

    /// A record of this kind in which this field has the value.
    func record(_ value: UInt64) -> [UInt64] {
      let size = kind.descriptor!.fullSize
      var words = [UInt64](repeating: 0, count: size / 8)
      words.withUnsafeMutableBytes { bytes in
        var header = CRecord.record()
        header.kind = kind
        header.size = UInt16(size)
        header.ctx = 1
        header.req = 1
        bytes.storeBytes(of: header, as: CRecord.record.self)
        field.scalar.store(value, in: bytes.baseAddress!)
      }
      return words
    }

    func isAdmitted(_ value: UInt64) -> Bool {
      record(value).withUnsafeBytes { bytes in
        let check = RecordCheck(bytes)
        return check.recordCount == 1 && check.flaw == .cutOff
      }
    }
  }

  /// All 64-bit integers except addresses, bit sets and inode numbers.
  static let bounded: [Number] = numbers.filter { !$0.field.isAny }
  static let unbounded: [Number] = numbers.filter(\.field.isAny)

  private static let numbers: [Number] = RecordKind.all.filter { $0 != .end }.flatMap { kind in
    flat(kind.descriptor!.fields).map { Number(kind: kind, field: $0) }
  }

  private static func flat(_ fields: [RecordField]) -> [RecordField] {
    fields.flatMap { field in
      if case .object(let nested) = field.format { return flat(nested) }
      guard case .integer = field.format, field.scalar.width == 8 else { return [] }
      return [field]
    }
  }

  @Test(arguments: bounded) func aNumberIsAdmittedUpToItsBound(number: Number) {
    #expect(number.isAdmitted(0))
    #expect(number.isAdmitted(RecordBounds.largest))
    #expect(!number.isAdmitted(RecordBounds.largest + 1))
    #expect(!number.isAdmitted(.max / 2))
    if number.field.null == nil { #expect(number.isAdmitted(.max) == number.field.scalar.isSigned) }
  }

  @Test(arguments: unbounded) func namesOfThingsHaveNoBound(number: Number) {
    #expect(number.isAdmitted(.max - 1))
  }

  /// A flush has no sector; the kernel stores the largest number instead.
  @Test func aBlockRequestWithoutSectorIsAdmitted() {
    let sectors = Self.bounded.filter { "\($0.field.name)" == "sector" }
    #expect(Set(sectors.map(\.kind)) == [.command, .blockRequest, .diskRequest])
    for sector in sectors { #expect(sector.isAdmitted(.max)) }
  }

  @Test func theKindsThatAreAddedUpAreAmongThem() {
    let summed = Set(Self.bounded.filter(\.field.isSummed).map(\.kind))
    #expect(summed == [.counts, .lost, .ringBalance])
  }

  /// Times have the same bound in records of every kind.
  @Test func aTimeIsAdmittedUpToItsBound() {
    for kind in RecordKind.all where kind != .end {
      let time = RecordField("time", .init(0, width: 8), .integer)
      let number = Number(kind: kind, field: time)
      #expect(number.isAdmitted(RecordBounds.largest))
      #expect(!number.isAdmitted(RecordBounds.largest + 1))
    }
  }

  @Test func theRecordsBeforeABadTimeCanBeUsed() {
    var records = RecordBuffer()
    for time in [5, 6, RecordBounds.largest + 1, 7] {
      records.append(record_ring_closed.self, at: time, ring: 1)
    }
    let check = records.bytes.withUnsafeBytes { RecordCheck($0) }
    #expect(check.recordCount == 2)
    #expect(check.lastTime == 6)
    #expect(check.flaw == .corrupt(offset: 2 * MemoryLayout<record_ring_closed>.size))
  }

  @Test func aSumIsBoundedAsItsNumbersAre() {
    var records = RecordBuffer()
    for _ in 0..<3 {
      records.append(record_lost.self, at: 5) { $0.count = RecordBounds.largest / 2 }
    }
    let check = records.bytes.withUnsafeBytes { RecordCheck($0) }
    #expect(check.recordCount == 2)
    #expect(check.flaw == .corrupt(offset: 2 * MemoryLayout<record_lost>.size))
  }
}
