import CRecord
import UringRecords

/// Changes recordings by what bpf/include/records says about them.
struct RecordMutator {
  /// Records of inputs that were changed before, to be put into others.
  private var donors: [[UInt8]] = []
  private static let mostDonors = 4096

  private static let descriptors = RecordKind.all.compactMap(\.descriptor)
  private static let scalars: [RecordKind: [RecordField.Scalar]] = Dictionary(
    uniqueKeysWithValues: descriptors.map { ($0.kind, Self.scalars(of: $0.fields)) })
  private static let time = MemoryLayout<record>.offset(of: \.time_ns)!
  private static let ring = MemoryLayout<record>.offset(of: \.ctx)!
  private static let request = MemoryLayout<record>.offset(of: \.req)!
  private static let thread = MemoryLayout<record>.offset(of: \.tid)!
  private static let opcode = MemoryLayout<record>.offset(of: \.opcode)!

  private static func scalars(of fields: [RecordField]) -> [RecordField.Scalar] {
    fields.flatMap { field -> [RecordField.Scalar] in
      if case .object(let members) = field.format { return scalars(of: members) }
      return [field.scalar, field.condition].compactMap { $0 }
    }
  }

  mutating func mutate(_ input: [UInt8], limit: Int, _ random: inout Random) -> [UInt8]? {
    guard var file = RecordFile(input) else { return nil }
    keep(file.records, &random)
    for _ in 0...random.below(4) { change(&file, &random) }
    return file.bytes(limit: limit)
  }

  private mutating func keep(_ records: [[UInt8]], _ random: inout Random) {
    guard let record = random.element(of: records) else { return }
    if donors.count < Self.mostDonors {
      donors.append(record)
    } else {
      donors[random.below(donors.count)] = record
    }
  }

  private func change(_ file: inout RecordFile, _ random: inout Random) {
    let index = random.below(file.records.count)
    switch random.below(16) {
    case 0: changeHeader(&file.header, &random)
    case 1 where !file.records.isEmpty: file.records.remove(at: index)
    case 2 where !file.records.isEmpty: file.records.insert(file.records[index], at: index)
    case 3 where !file.records.isEmpty:
      file.records.swapAt(index, random.below(file.records.count))
    case 4:
      if let donor = random.element(of: donors) { file.records.insert(donor, at: index) }
    case 5, 6:
      if let descriptor = random.element(of: Self.descriptors) {
        let record = newRecord(descriptor, like: file.records, &random)
        file.records.insert(record, at: index)
      }
    case 7 where !file.records.isEmpty: changeHead(&file.records[index], file.records, &random)
    case 8 where !file.records.isEmpty: changeTail(&file.records[index], &random)
    case 9 where !file.records.isEmpty:
      // From here on another ring, request or time.
      for later in index..<min(file.records.count, index + 1 + random.below(16)) {
        copy(random.below(3) * 8, of: file.records[index], to: &file.records[later])
      }
    default:
      if !file.records.isEmpty { changeField(&file.records[index], file.records, &random) }
    }
  }

  /// Magic and schema stay.
  private func changeHeader(_ header: inout [UInt8], _ random: inout Random) {
    let offset =
      random.below(4) == 0 ? 16 + random.below(header.count - 16) : 16 + 8 * random.below(2)
    store(random.border(), width: min(8, header.count - offset), at: offset, in: &header)
  }

  private func newRecord(
    _ descriptor: RecordDescriptor, like others: [[UInt8]], _ random: inout Random
  ) -> [UInt8] {
    var record = RecordFile.empty(descriptor, trailing: random.below(3) * 16)
    if let other = random.element(of: others) {
      for offset in [Self.time, Self.ring, Self.request] { copy(offset, of: other, to: &record) }
      record[Self.opcode] = other[Self.opcode]
    }
    for scalar in Self.scalars[descriptor.kind] ?? [] where random.below(2) == 0 {
      let value = random.below(2) == 0 ? UInt64(random.below(16)) : random.border()
      store(value, width: scalar.width, at: scalar.offset, in: &record)
    }
    return record
  }

  private func changeHead(
    _ record: inout [UInt8], _ others: [[UInt8]], _ random: inout Random
  ) {
    switch random.below(6) {
    case 0: store(random.border(), width: 8, at: random.below(3) * 8, in: &record)
    case 1: record[Self.opcode] = UInt8(truncatingIfNeeded: random.next())
    case 2: store(random.border(), width: 4, at: Self.thread, in: &record)
    default:
      guard let other = random.element(of: others) else { return }
      copy(random.below(3) * 8, of: other, to: &record)
    }
  }

  private func changeField(
    _ record: inout [UInt8], _ others: [[UInt8]], _ random: inout Random
  ) {
    let kind = RecordFile.kind(of: record)
    guard let scalar = random.element(of: Self.scalars[kind] ?? []) else { return }
    let old = load(width: scalar.width, at: scalar.offset, in: record)
    let value: UInt64
    switch random.below(4) {
    case 0: value = random.border()
    case 1: value = old &+ UInt64(random.below(9)) &- 4
    case 2: value = old ^ 1 << UInt64(random.below(8 * scalar.width))
    default:
      // A number that another record of the kind has there: two that agree mean more than one alone.
      let same = others.filter { RecordFile.kind(of: $0) == kind }
      guard let other = random.element(of: same) else { return }
      value = load(width: scalar.width, at: scalar.offset, in: other)
    }
    store(value, width: scalar.width, at: scalar.offset, in: &record)
  }

  /// The text or the pairs behind the struct.
  private func changeTail(_ record: inout [UInt8], _ random: inout Random) {
    guard let size = RecordFile.kind(of: record).descriptor?.structSize, size < record.count else {
      return
    }
    let count = record.count - size
    if random.below(2) == 0, let text = random.element(of: Self.texts) {
      for (index, byte) in text.utf8.prefix(count).enumerated() { record[size + index] = byte }
    } else {
      let tail = Array(record[size...]).changedAnywhere(limit: count, &random)
      for (index, byte) in tail.enumerated() { record[size + index] = byte }
    }
  }

  private static let texts = [
    "0-9223372036854775807\n0", "a\nb\nc", "\n\n\n", "\u{202E}\u{1B}[31m",
    "socket:[18446744073709551615]",
    "pipe:[1]", "anon_inode:[eventfd]", "/dev/ublkc4294967295", "\u{1F469}\u{200D}\u{1F469}", "",
  ]

  // MARK: Numbers in bytes

  private func load(width: Int, at offset: Int, in record: [UInt8]) -> UInt64 {
    guard offset + width <= record.count else { return 0 }
    return (0..<width).reduce(0) { $0 | UInt64(record[offset + $1]) << UInt64(8 * $1) }
  }

  private func store(_ value: UInt64, width: Int, at offset: Int, in record: inout [UInt8]) {
    guard offset + width <= record.count else { return }
    for index in 0..<width {
      record[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  private func copy(_ offset: Int, of source: [UInt8], to target: inout [UInt8]) {
    store(load(width: 8, at: offset, in: source), width: 8, at: offset, in: &target)
  }
}
