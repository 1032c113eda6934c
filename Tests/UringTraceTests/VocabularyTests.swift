import Testing
import UringTrace

@Suite struct VocabularyTests {
  // Numbers from include/uapi/linux/io_uring.h.
  @Test(arguments: [
    (0, "NOP"), (4, "READ_FIXED"), (6, "POLL_ADD"), (13, "ACCEPT"), (15, "LINK_TIMEOUT"),
    (22, "READ"), (31, "PROVIDE_BUFFERS"), (40, "MSG_RING"), (46, "URING_CMD"),
    (47, "SEND_ZC"), (49, "READ_MULTISHOT"), (51, "FUTEX_WAIT"), (58, "RECV_ZC"),
    (61, "WRITEV_FIXED"), (62, "PIPE"), (63, "NOP128"), (64, "URING_CMD128"),
  ])
  func opcodeNumbers(number: UInt8, name: String) {
    #expect(Opcode(rawValue: number).name == name)
    #expect(Opcode(name: name)?.rawValue == number)
  }

  @Test func opcodeNamesAreRead() {
    #expect(Opcode(name: "ioring_op_read_fixed")?.rawValue == 4)
    #expect(Opcode(name: "IORING_OP_NOP")?.rawValue == 0)
    #expect(Opcode(name: "op_77")?.rawValue == 77)
    #expect(Opcode(name: "READ_TWICE") == nil)
    #expect(Opcode(name: "") == nil)
    #expect(Opcode(name: "OP_256") == nil)
    #expect(Opcode(rawValue: 77).name == "OP_77")
  }

  @Test func everyOpcodeNameLeadsBack() {
    #expect(Opcode.all.count == 65)
    for opcode in Opcode.all { #expect(Opcode(name: opcode.name) == opcode) }
  }

  @Test func errnoNames() {
    #expect(ErrorNumber(result: -125)?.name == "ECANCELED")
    #expect(ErrorNumber(result: -11)?.name == "EAGAIN")
    #expect(ErrorNumber(result: -4000)?.name == "E4000")
    #expect(ErrorNumber(result: 5) == nil)
    #expect(ErrorNumber(result: .min) == nil)
    #expect(ErrorNumber(name: "enobufs")?.rawValue == 105)
  }

  @Test func setupFlagNames() {
    #expect(SetupFlags(rawValue: 0x3002).names == ["SQPOLL", "SINGLE_ISSUER", "DEFER_TASKRUN"])
    #expect(SetupFlags(rawValue: 1 << 20 | 1 << 30).names == ["SQ_REWIND", "0x40000000"])
  }

  @Test func cqeFlags() {
    let flags = CQEFlags(rawValue: 0x0007_0003)
    #expect(flags.names == ["BUFFER", "MORE"])
    #expect(flags.bufferID == 7)
    #expect(CQEFlags.notification.names == ["NOTIF"])
    #expect(CQEFlags.more.bufferID == nil)
  }

  @Test func registerOpcodeNames() {
    #expect(RegisterOpcode(rawValue: 22).name == "REGISTER_PBUF_RING")
    #expect(RegisterOpcode(rawValue: 30 | 1 << 31).name == "REGISTER_CLONE_BUFFERS")
    #expect(RegisterOpcode(rawValue: 37).name == "REGISTER_BPF_FILTER")
    #expect(RegisterOpcode(rawValue: 99).name == "REGISTER_99")
  }

  @Test func pollEventNames() {
    #expect(NamedBits.poll.text(0x2005) == "POLLIN|POLLOUT|POLLRDHUP")
    #expect(NamedBits.poll.text(0) == "0")
  }

  // MARK: SQE fields

  private func fields(
    _ opcode: String, flags: SQEFlags = [], _ change: (inout SQE) -> Void
  ) -> [String: String] {
    var stream = RecordStream()
    stream.submit(1, opcode, userData: 0xbeef, flags: flags, sqe: change)
    let fields = stream.snapshot().requests[0].sqeFields
    return Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })
  }

  @Test func fieldsOfAFixedRead() {
    let fields = fields("READ_FIXED", flags: .fixedFile) {
      ($0.fd, $0.off, $0.addr, $0.len) = (5, .max, 0x1000, 4096)
      ($0.buf_index, $0.op_flags) = (9, 8)
    }
    #expect(
      fields == [
        "opcode": "READ_FIXED", "flags": "FIXED_FILE", "fixed_file": "5", "offset": "-1",
        "addr": "0x1000", "len": "4096", "rw_flags": "RWF_NOWAIT", "ioprio": "0",
        "buf_index": "9", "user_data": "0xbeef",
      ])
  }

  @Test func fieldsOfASelectingReceive() {
    let fields = fields("RECV", flags: .bufferSelect) {
      ($0.fd, $0.buf_index, $0.ioprio, $0.op_flags) = (5, 3, 2, 0x100)
    }
    #expect(fields["buf_group"] == "3")
    #expect(fields["buf_index"] == nil)
    #expect(fields["ioprio"] == "RECV_MULTISHOT")
    #expect(fields["msg_flags"] == "MSG_WAITALL")
  }

  @Test func fieldsOfACommand() {
    let fields = fields("URING_CMD") {
      ($0.fd, $0.off, $0.addr3, $0.pad2) = (5, 0x77_c018_7522, 0x10, 0x20)
      ($0.op_flags, $0.buf_index) = (1, 4)
    }
    #expect(fields["cmd_op"] == "0xc0187522")
    #expect(fields["uring_cmd_flags"] == "FIXED")
    #expect(fields["buf_index"] == "4")
    #expect(fields["cmd[0]"] == "0x10")
    #expect(fields["cmd[1]"] == "0x20")
  }

  @Test func fieldsOfAPoll() {
    let fields = fields("POLL_ADD") { ($0.fd, $0.len, $0.op_flags) = (5, 1, 0x2001) }
    #expect(fields["poll32_events"] == "POLLIN|POLLRDHUP")
    #expect(fields["poll_flags"] == "ADD_MULTI")
    #expect(fields["addr"] == nil)
  }

  @Test func wordsWithoutMeaningShowOnlyWhereTheyAreNotZero() {
    let fields = fields("FSYNC") { ($0.fd, $0.addr, $0.personality) = (5, 0x44, 2) }
    #expect(fields["addr"] == "0x44")
    #expect(fields["addr3"] == nil)
    #expect(fields["personality"] == "2")
  }

  @Test func unknownOpcodeShowsItsRawWords() {
    let fields = fields("OP_77") { ($0.fd, $0.off, $0.len) = (5, 6, 7) }
    #expect(fields["opcode"] == "OP_77")
    #expect(fields["fd"] == "5")
    #expect(fields["off"] == "0x6")
    #expect(fields["len"] == "0x7")
  }

  @Test func unknownSQEHasNoFields() {
    var stream = RecordStream()
    stream.submit(1, "READ", isSQEKnown: false) { $0.fd = 4 }
    let request = stream.snapshot().requests[0]
    #expect(request.sqeFields.isEmpty)
    #expect(request.file == nil)
  }
}
