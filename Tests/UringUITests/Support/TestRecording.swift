import CRecord
import Foundation
import UringRecordings
import UringRecords
import UringTrace

/// A small recording in a file: one ring with twenty reads of a file whose name contains an escape
/// sequence, and one request that stays in flight. The eighth read fails.
final class TestRecording: Sendable {
  static let fileName = "/tmp/e\u{1B}[31mvil 日本.img"
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "uringtop-ui-\(UUID().uuidString).uring"
    var stream = Stream()
    stream.create()
    stream.nameFile()
    for index in 0..<20 {
      stream.submit(UInt64(index), opcode: 22)
      stream.complete(UInt64(index), result: index == 7 ? -5 : 4096)
    }
    stream.submit(99, opcode: 6)
    let host = HostDescription(
      kernel: "6.18.5-test", tier: "tracepoints", startTime: Stream.start,
      startRealtime: 1_700_000_000_000_000_000)
    let encoder = TraceFormat.uring.makeEncoder(
      header: RecordingHeader(toolVersion: "test", host: host))
    var bytes: [UInt8] = []
    encoder.begin(into: &bytes)
    stream.buffer.bytes.withUnsafeBytes { encoder.encode($0, into: &bytes) }
    encoder.end(time: stream.time, records: stream.buffer.count, lost: 0, into: &bytes)
    try Data(bytes).write(to: URL(filePath: path))
  }

  deinit {
    for name in [path, path + ".pid"] { try? FileManager.default.removeItem(atPath: name) }
  }

  private struct Stream {
    static let start: UInt64 = 1_000_000_000
    var buffer = RecordBuffer()
    var time = Self.start

    private mutating func base(
      _ kind: RecordKind, _ request: UInt64 = 0, opcode: UInt8 = 0xff
    ) -> record {
      time += 50_000_000
      return record(
        time_ns: time, ctx: 0x1000, req: request, tid: 4243, size: 0, kind: kind, opcode: opcode)
    }

    mutating func create() {
      var create = record_create()
      create.base = base(.create)
      create.fd = 5
      create.tgid = 4242
      create.sq_entries = 64
      create.cq_entries = 128
      withUnsafeMutableBytes(of: &create.comm) { $0.copyBytes(from: "writer".utf8) }
      buffer.append(create, base: \.base)
    }

    mutating func nameFile() {
      var name = record_file_name()
      name.base = base(.fileName)
      name.tgid = 4242
      name.fd = 9
      buffer.append(name, text: TestRecording.fileName.utf8)
    }

    mutating func submit(_ index: UInt64, opcode: UInt8) {
      var submit = record_submit()
      submit.base = base(.submit, 0x2000 + index * 0x100, opcode: opcode)
      submit.tgid = 4242
      submit.sqe_is_known = 1
      submit.sqe.opcode = opcode
      submit.sqe.fd = 9
      submit.sqe.off = index * 4096
      submit.sqe.len = opcode == 6 ? 0 : 4096
      submit.sqe.user_data = 0xD000 + index
      buffer.append(submit, base: \.base)
    }

    mutating func complete(_ index: UInt64, result: Int32) {
      var complete = record_complete()
      complete.base = base(.complete, 0x2000 + index * 0x100, opcode: 22)
      complete.user_data = 0xD000 + index
      complete.res = result
      buffer.append(complete, base: \.base)
    }
  }
}
