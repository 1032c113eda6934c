import Testing
import UringTrace

@testable import UringFields

/// Tests of the language of filter expressions.
@Suite struct QueryTests {
  private struct Item: Sendable {
    var op = "FSYNC"
    var age: UInt64 = 40_000_000
    var file: String?
    var pid: UInt64?
    var result: Int64?
    var bytes: UInt64 = 4096
    var flags: [String] = []
    var isOpen = true
  }

  private static let fields = FieldSet<Item>(
    "items",
    [
      Field("opcode", title: "OP", .text, aliases: ["op"], choices: ["FSYNC", "READ"], meaning: "")
      {
        item, _ in .text(item.op)
      },
      Field("age", title: "AGE", .duration, meaning: "") { item, _ in .number(item.age) },
      Field("file", title: "FILE", .text, meaning: "") { item, _ in .unlessEmpty(item.file) },
      Field("pid", title: "PID", .number, meaning: "") { item, _ in .integer(item.pid) },
      Field("result", title: "RESULT", .result, meaning: "") { item, _ in .integer(item.result) },
      Field("bytes", title: "BYTES", .bytes, meaning: "") { item, _ in .number(item.bytes) },
      Field("flags", title: "FLAGS", .words, meaning: "") { item, _ in .words(item.flags) },
      Field("open", title: "OPEN", .flag, meaning: "") { item, _ in .flag(item.isOpen) },
    ])

  private func matches(_ text: String, _ item: Item) throws -> Bool {
    try Query(text, over: Self.fields).matches(item, in: RecordStream().snapshot())
  }

  @Test(arguments: [
    ("", true), ("op:FSYNC", true), ("op:fsy", true), ("op=fsync", true), ("opcode=READ", false),
    ("op!=READ", true), ("op=READ|FSYNC", true), ("age>30ms", true), ("age>40ms", false),
    ("age>=40ms", true), ("age_ns<1s", true), ("file:*.db", true), ("file:*.d", false),
    ("file:data", true), ("file=data", false), ("file:/data/*/b.db", true), ("pid=4242", true),
    ("pid<4242", false), ("pid=0x1092", true), ("result=-EIO", true), ("result=EIO", true),
    ("result=-5", true), ("result<0", true), ("bytes=4K", true), ("bytes>=4097", false),
    ("flags:FIXED_FILE", true), ("flags=FIXED", false), ("open=yes", true), ("open=no", false),
    ("READ", false), ("!READ", true), ("fsync", true), ("read|fsync", true), ("\"a/b\"", true),
    ("op:FSYNC age>30ms !READ file:*.db pid=4242", true), ("op:FSYNC age>50ms", false),
    ("!age>50ms", true), ("file:\"a b\"", false), ("10.0.0.1:443", false), ("4.10ms", false),
  ])
  func selects(_ text: String, _ isMatch: Bool) throws {
    let item = Item(
      file: "/data/a/b.db", pid: 4242, result: -5, flags: ["FIXED_FILE", "ASYNC"])
    #expect(try matches(text, item) == isMatch)
  }

  @Test func absentValueDiffersFromEachAndHasNoOrder() throws {
    let item = Item()
    for text in ["pid=0", "pid<9", "pid>=0", "file:*", "result=0", "!pid!=7"] {
      #expect(try !matches(text, item), "\(text)")
    }
    for text in ["pid=none", "pid!=7", "file=none", "flags=none", "pid=none|7"] {
      #expect(try matches(text, item), "\(text)")
    }
  }

  @Test(arguments: [
    ("agee>3ms", "at 1: 'agee' is not a field of items; did you mean age?"),
    ("READ socket:[7]", "at 6: 'socket' is not a field of items"),
    ("age>30", "at 5: '30' is not a time with its unit, such as 30ms"),
    ("READ age>", "at 10: a time with its unit, such as 30ms is expected"),
    ("file>x", "at 6: file has no order: use : or ="),
    ("op:REED", "at 4: opcode is never 'REED'; did you mean READ?"),
    ("op=REED", "at 4: opcode is never 'REED'; did you mean READ?"),
    ("pid=x", "at 5: 'x' is not a number"), ("open=1", "at 6: '1' is not yes or no"),
    ("file:\"x", "at 6: the quote is not closed"),
    ("!", "at 2: a word or a comparison is expected after !"),
    ("bytes=99999999999E", "at 7: '99999999999E' is not a number of bytes, such as 512 or 4K"),
  ])
  func errorsNameThePositionAndWhatIsExpected(_ text: String, _ message: String) {
    let error = #expect(throws: QueryError.self) { try matches(text, Item()) }
    #expect(error?.description == message)
  }

  @Test func tableHasChosenFieldsAndItsCSVTheUnitsInTheirNames() throws {
    let table = try FieldTable(Self.fields, columns: "op,age,file")
    let snapshot = RecordStream().snapshot()
    let items = [Item(file: "a, \"b\"\n"), Item()]
    #expect(
      table.rows(items, in: snapshot).lines == [
        ["OP", "AGE", "FILE"], ["FSYNC", "40.0ms", "a, \"b\"\n"], ["FSYNC", "40.0ms", "-"],
      ])
    #expect(
      table.rows(items, in: snapshot).csv
        == "opcode,age_ns,file\r\nFSYNC,40000000,\"a, \"\"b\"\"?\"\r\nFSYNC,40000000,\r\n")
    let error = #expect(throws: QueryError.self) {
      try FieldTable(Self.fields, columns: "op,ages")
    }
    #expect(error?.description == "at 4: 'ages' is not a field of items; did you mean age?")
  }

  @Test func totalsAreSumsOfSizesAndTheLongestDurations() throws {
    let snapshot = RecordStream().snapshot()
    let fields = FieldSet<Item>(
      "items",
      [
        Field("file", .text, meaning: "") { item, _ in .unlessEmpty(item.file) },
        Field("size", .bytes, meaning: "") { item, _ in .number(UInt64(item.file?.utf8.count ?? 0))
        },
        Field("age", .duration, meaning: "") { item, _ in
          .number(UInt64(item.file?.utf8.count ?? 0))
        },
        Field("id", .number, meaning: "") { _, _ in .number(1) },
      ])
    let table = FieldTable(fields.fields)
    let items = [Item(file: "b"), Item(file: "a.txt"), Item(file: "b"), Item()]
    let totals = table.totals(by: try #require(fields.field("file")), items, in: snapshot)
    #expect(
      totals.rows.csv
        == "file,entities,size,max_age_ns\r\nb,2,2,1\r\n,1,0,0\r\na.txt,1,5,5\r\n")
  }

  /// Two fields with the same key or alias would hide each other.
  @Test func keysAndAliasesAreUnique() {
    func names<Entity>(_ set: FieldSet<Entity>) -> [String] {
      set.fields.flatMap { Set([$0.key, $0.unitKey]).union($0.aliases) }
    }
    for names in [
      names(.requests), names(.rings), names(.groups), names(.buffers), names(.chains),
      names(.latency), names(.findings), names(.diskRequests), names(.threads),
      names(.workerPools), names(.systemCalls), names(.events),
    ] {
      #expect(Set(names).count == names.count, "\(names)")
    }
  }

  @Test func fieldsOfARequestCompareWithWhatTheScreenShows() throws {
    var stream = RecordStream()
    stream.create(1)
    stream.submit(1, userData: 0x2a)
    stream.queueAsyncWork(1)
    stream.submit(2, userData: 0x2b)
    stream.complete(2, -11)
    let snapshot = stream.snapshot()
    func found(_ text: String, _ requests: RequestList) throws -> [UInt64] {
      let query = try Query<Request>(text, over: .requests)
      return requests.filter { query.matches($0, in: snapshot) }.map(\.userData)
    }
    #expect(try found("state=io-wq user_data=0x2a result=none", snapshot.requests) == [0x2a])
    #expect(try found("state!=io-wq", snapshot.requests) == [])
    #expect(try found("result=-EAGAIN age>=0ns", snapshot.recent) == [0x2b])
    #expect(try found("result>=0", snapshot.recent) == [])
  }
}
