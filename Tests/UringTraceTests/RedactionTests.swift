import CRecord
import Foundation
import Testing
import UringRecords

@testable import UringRecordings
@testable import UringRedaction
@testable import UringTrace

/// Tests of redacted copies: recordings without data that identifies the machine or its users.
@Suite struct RedactionTests {
  private let header = RecordingHeader(toolVersion: "0.0.1", host: SampleStream.host)

  private func redacted(_ records: [UInt8]) -> [UInt8] {
    var redactor = Redactor(header)
    var copy: [UInt8] = []
    records.withUnsafeBytes { #expect(redactor.append($0, to: &copy)) }
    return copy
  }

  /// Calls `body` with each record and its redacted copy.
  private func compare(
    _ records: [UInt8], _ body: (UnsafePointer<record>, UnsafePointer<record>) -> Void
  ) {
    let copies = redacted(records)
    records.withUnsafeBytes { records in
      copies.withUnsafeBytes { copies in
        var pairs = zip(RecordSequence(bytes: records), RecordSequence(bytes: copies))
          .makeIterator()
        while let (record, copy) = pairs.next() { body(record, copy) }
      }
    }
  }

  private func fields(_ fields: [RecordField]) -> [RecordField] {
    fields.flatMap { field in
      if case .object(let members) = field.format { self.fields(members) } else { [field] }
    }
  }

  // MARK: Nothing remains

  @Test(arguments: TraceFormat.allCases) func nothingThatIdentifiesRemains(
    format: TraceFormat
  ) throws {
    let stream = SampleStream()
    var secrets: Set<UInt64> = []
    stream.buffer.withEachRecord { record in
      secrets.formUnion([record.pointee.ctx, record.pointee.req])
      for field in fields(record.pointee.kind.descriptor?.fields ?? [])
      where field.end <= Int(record.pointee.size) {
        let isOffset = field.redaction == .off && record.pointee.opcode != 46
        if field.redaction != .plain, field.redaction != .time, field.scalar.width == 8, !isOffset {
          secrets.insert(field.scalar.load(from: record))
        }
      }
    }
    // Redaction keeps numbers that are not addresses.
    secrets = secrets.filter { $0 > 1 << 32 && $0 < 0 &- (1 << 16) }
    #expect(secrets.count >= 15)
    var text: [UInt8] = []
    let copyHeader = Redactor(header).rewritten(header)
    // Compressed blocks would hide secrets that remain, so the records are written as they are.
    let encoder: any TraceEncoder =
      format == .uring ? PlainEncoder(header: copyHeader) : format.makeEncoder(header: copyHeader)
    encoder.begin(into: &text)
    redacted(stream.buffer.bytes).withUnsafeBytes { encoder.encode($0, into: &text) }
    let output = Data(text)
    for secret in secrets {
      let bytes = withUnsafeBytes(of: secret) { Data($0) }
      #expect(output.range(of: bytes) == nil, "\(String(secret, radix: 16)) as a number")
      let digits = Data(String(secret, radix: 16).utf8)
      #expect(output.range(of: digits) == nil, "\(String(secret, radix: 16)) as text")
    }
    for name in ["/tmp", "a \\\"file", "44-test", "a \"file"] {
      #expect(output.range(of: Data(name.utf8)) == nil, "\(name)")
    }
    #expect(output.range(of: Data("ublk_io_release".utf8)) != nil)
  }

  @Test func redactedHeaderHasNoTimeOfDayAndNoLocalRelease() {
    let copy = Redactor(header).rewritten(header)
    #expect(copy.host.kernel == "6.18.44")
    #expect(copy.host.startRealtime == 0)
    #expect(copy.host.startTime != SampleStream.start)
    #expect(copy.host.tier == "tracepoints")
  }

  @Test func onlyDescribedBytesAreCopied() {
    var buffer = RecordBuffer()
    var create = record_create()
    create.base.kind = .create
    create.base.ctx = SampleStream.context
    CharArray.set(&create.comm, to: "nginx")
    buffer.append(create, base: \.base, trailer: Array("secret-secret-secret".utf8))
    var work = record_queue_async_work()
    work.base.kind = .queueAsyncWork
    work.hashed = 0xdead_beef
    work.reserved = 0xdead_beef
    buffer.append(work, base: \.base)
    var name = record_file_name()
    name.base.kind = .fileName
    name.is_fixed = 0xdead_beef
    name.length = 4
    buffer.append(name, base: \.base, trailer: Array("/tmp\0secret-secret".utf8))
    var submit = record_submit()
    submit.base.kind = .submit
    submit.sqe.addr = 0x5ec4e7
    submit.sqe.file_index = 0xdead_beef
    buffer.append(submit, base: \.base)
    let copy = Data(redacted(buffer.bytes))
    for secret in ["secret", "nginx", "/tmp", "\u{5e}"] {
      #expect(copy.range(of: Data(secret.utf8)) == nil, "\(secret)")
    }
    #expect(copy.range(of: Data([0xef, 0xbe])) == nil)
    #expect(copy.range(of: Data([0xe7, 0xc4, 0x5e])) == nil)
    #expect(copy.count < buffer.bytes.count)
  }

  @Test func recordsOfUnknownKindsAreNotCopied() {
    var unknown = record()
    unknown.kind = RecordKind(rawValue: 255)!
    unknown.size = 64
    let words = withUnsafeBytes(of: unknown) { Array($0) } + Array(repeating: 0x41, count: 32)
    #expect(redacted(words).isEmpty)
  }

  // MARK: Limits

  /// In each case one limit (numbers, names, bytes of names) is too low for 11 records but
  /// sufficient for 4.
  @Test(arguments: [(10, 100, 10_000), (100, 10, 10_000), (100, 100, 50)])
  func tooManySubstitutesEndTheCopyWithAnErrorAndNoFile(
    numbers: Int, names: Int, bytes: Int
  ) throws {
    let limits = NameSubstitutes.Limits(numbers: numbers, names: names, bytesOfNames: bytes)
    let path = TemporaryFile.path("redacted.uring")
    defer { unlink(path) }
    func write(_ count: Int) throws {
      var buffer = RecordBuffer()
      for index in 0..<count {
        var name = record_task_name()
        name.base.kind = .taskName
        name.base.ctx = SampleStream.context + UInt64(index) << 8
        CharArray.set(&name.comm, to: "name-\(index)")
        buffer.append(name, base: \.base)
      }
      let encoder = TraceFormat.uring.makeEncoder(header: header)
      var file: [UInt8] = []
      encoder.begin(into: &file)
      buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &file) }
      encoder.end(time: SampleStream.start + 1, records: UInt64(count), lost: 0, into: &file)
      try TraceExport.write(
        Recording(bytes: file), to: OutputFile(creating: path, owner: nil),
        as: TraceFormat.uring.makeEncoder, rewriter: Redactor(header, limits: limits))
    }
    #expect {
      try write(11)
    } throws: {
      ($0 as? OutputError)?.operation == .redact
    }
    #expect(access(path, F_OK) != 0)
    try write(4)
    #expect(access(path, F_OK) == 0)
  }

  /// Distinct `user_data` always get distinct substitutes: the table has an entry for each area of
  /// addresses.
  @Test func areasAreDistinctAndWithoutLimit() {
    var numbers = NumberSubstitutes()
    var seen: Set<UInt64> = []
    let stride: UInt64 = 0x9e37_79b9_7f4a_7c15
    let count = 20_000
    for index in 0..<UInt64(count) { seen.insert(numbers.user(1 << 20 &+ index &* stride)) }
    #expect(seen.count == count)
    #expect(numbers.count == 0)
    var again = NumberSubstitutes()
    let first = again.user(1 << 20)
    #expect(again.user(1 << 20 + 4096) == first + 4096)
  }

  // MARK: What remains

  @Test func redactingTwiceChangesNothing() {
    let once = redacted(SampleStream().buffer.bytes)
    var redactor = Redactor(Redactor(header).rewritten(header))
    var twice: [UInt8] = []
    once.withUnsafeBytes { #expect(redactor.append($0, to: &twice)) }
    #expect(once == twice)
  }

  @Test func copiesAreSound() throws {
    let records = SampleStream().buffer.bytes
    let copies = redacted(records)
    let check = copies.withUnsafeBytes { RecordCheck($0) }
    #expect(check.flaw == .cutOff)
    #expect(check.recordCount == SampleStream().buffer.count)
    compare(records) { record, copy in
      #expect(record.pointee.kind == copy.pointee.kind)
      for field in fields(record.pointee.kind.descriptor?.fields ?? [])
      where field.redaction == .plain && field.end <= Int(record.pointee.size)
        && field.condition == nil
      {
        if case .boolean = field.format { continue }
        #expect(
          field.scalar.load(from: record) == field.scalar.load(from: copy),
          "\(field.name) of \(record.pointee.kind)")
      }
    }
  }

  @Test func timesKeepTheirDistances() {
    var distances: Set<UInt64> = []
    compare(SampleStream().buffer.bytes) { record, copy in
      distances.insert(copy.pointee.time_ns &- record.pointee.time_ns)
      if record.pointee.kind == .parked {
        let (since, copied) = (
          record.body(as: record_parked.self).pointee.since_ns,
          copy.body(as: record_parked.self).pointee.since_ns
        )
        distances.insert(copied &- since)
      }
    }
    #expect(distances.count == 1 && distances.first != 0)
    let redactor = Redactor(header)
    #expect(redactor.rewritten(time: 0) == 0)
    #expect(redactor.rewritten(time: UInt64(Int64.max)) == UInt64(Int64.max))
    #expect(redactor.rewritten(time: 1) < redactor.rewritten(time: SampleStream.start))
    #expect(redactor.rewritten(time: RecordBounds.largest) <= RecordBounds.largest)
  }

  @Test func wordsOfAnSQEAreRedactedAsItsOpcodeUsesThem() {
    var buffer = RecordBuffer()
    func submit(_ opcode: String, _ change: (inout SQE) -> Void) {
      var submit = record_submit()
      submit.base.kind = .submit
      submit.base.opcode = op(opcode).rawValue
      submit.sqe_is_known = 1
      submit.sqe.opcode = op(opcode).rawValue
      change(&submit.sqe)
      buffer.append(submit, base: \.base)
    }
    submit("READ") {
      $0.off = 1 << 40
      $0.addr = 0x7f12_3456_7000
      $0.user_data = 0x5566_0000_1000
    }
    submit("ASYNC_CANCEL") { $0.addr = 0x5566_0000_1000 }
    submit("URING_CMD") {
      $0.off = 0xc010_7521  // UBLK_U_IO_COMMIT_AND_FETCH_REQ
      $0.addr3 = 2 | 3 << 16 | 4096 << 32
      $0.pad2 = 0x7f12_3456_8000
    }
    submit("NOP") { $0.addr3 = 0x7f12_3456_7000 }
    var sqes: [SQE] = []
    compare(buffer.bytes) { sqes.append($1.body(as: record_submit.self).pointee.sqe) }
    #expect(sqes[0].off == 1 << 40)
    #expect(sqes[0].addr != 0x7f12_3456_7000)
    #expect(sqes[0].user_data != 0x5566_0000_1000)
    #expect(sqes[1].addr == sqes[0].user_data)
    #expect(sqes[2].off == 0xc010_7521)
    #expect(sqes[2].addr3 == 2 | 3 << 16 | 4096 << 32)
    #expect(sqes[2].pad2 == sqes[0].addr + 0x1000)
    #expect(sqes[3].addr3 == sqes[0].addr)
  }

  @Test func addressesInArgumentsAreRedactedAsTheCallUsesThem() {
    var buffer = RecordBuffer()
    func call(_ opcode: UInt32, _ words: (UInt64, UInt64, UInt64, UInt64)) {
      buffer.append(
        record_register_argument(
          base: record(
            time_ns: 1, ctx: 1, req: 0, tid: 1, size: 0, kind: .registerArgument, opcode: 255),
          opcode: opcode, nr_args: 1, words: words), base: \.base)
    }
    let address: UInt64 = 0x7f12_3456_7000
    call(22, (address, 8 | 7 << 32, 0, 0))
    call(16, (3, address, address + 8, 2))
    call(30, (5, 1 << 32, 8, 0))
    call(99, (address, address, address, address))
    var words: [[UInt64]] = []
    compare(buffer.bytes) {
      let copy = $1.body(as: record_register_argument.self).pointee.words
      words.append([copy.0, copy.1, copy.2, copy.3])
    }
    let substitute = words[0][0]
    #expect(substitute != address)
    #expect(words[0] == [substitute, 8 | 7 << 32, 0, 0])
    #expect(words[1] == [3, substitute, substitute + 8, 2])
    #expect(words[2] == [5, 1 << 32, 8, 0])
    #expect(words[3] == Array(repeating: substitute, count: 4))
  }
}
