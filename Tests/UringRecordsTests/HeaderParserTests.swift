import Testing

@testable import RecordHeaders

/// Headers that are accepted, and the messages for those that are not.
@Suite struct HeaderParserTests {
  private static let header = """
    #define RECORD_SCHEMA 2
    #define RECORD_KINDS
    enum __attribute__((enum_extensibility(open))) RECORD_SWIFT_NAME("RecordKind") record_kind : __u8 {
    #include "records/topic.h"
    };
    #include "records/topic.h"
    /* Header. @plain time_ns ctx req tid size kind opcode */
    struct record {
      __u64 time_ns; /* time */
      __u64 ctx;     /* ring */
      __u64 req;     /* request */
      __u32 tid;     /* thread */
      __u16 size;    /* bytes */
      enum record_kind kind;
      __u8 opcode; /* opcode */
    };
    """

  /// The description of one kind, `probe_hit`, whose fields are plain.
  private func describe(
    fields: String, kind: String = "@title \"probe hit\" faint", number: String = "100",
    plain: [String]? = nil
  ) throws -> RecordDescription.Kind {
    let names = fields.split(separator: "\n").map { line in
      line.prefix { $0 != ";" }.split(separator: " ").last.map(String.init) ?? ""
    }
    let plain = (plain ?? names).joined(separator: " ")
    let topic = """
      /* Probes. */
      #ifdef RECORD_KINDS
      RECORD_PROBE_HIT RECORD_SWIFT_NAME("probeHit") = \(number),
      #else
      /*
       * A probe was hit.
       *
       * \(kind) @plain \(plain)
       */
      struct record_probe_hit {
        struct record base;
      \(fields)
      };
      #endif
      """
    var parser = HeaderParser { $0 == "record.h" ? Self.header : topic }
    try parser.parse("record.h")
    return try #require(try Describer.describe(parser.headers).kinds.first)
  }

  private func message(fields: String, kind: String = "@title \"probe hit\"") -> String? {
    do {
      _ = try describe(fields: fields, kind: kind)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func fieldsAreLaidOutAsInC() throws {
    let kind = try describe(
      fields: """
          __u8 one;  /* first */
          __u32 two; /* second @json second */
          __u64 three; /* third @hex */
        """)
    #expect(kind.fields.map(\.name) == ["one", "second", "three"])
    #expect(kind.fields.map(\.scalar.offset) == [32, 36, 40])
    #expect(kind.minimumSize == 48)
    #expect(kind.title == "probe hit")
    #expect(!kind.isEvent && !kind.isLogged)
  }

  @Test func recordsFromBeforeAFieldStayValid() throws {
    let kind = try describe(
      fields: """
          __u64 count; /* hits */
          __u64 later; /* since the second schema @added 2 */
        """)
    #expect(kind.minimumSize == 40)
    #expect(kind.structSize == 48)
    let dispatch = SwiftDispatch(description: RecordDescription(schema: 2, kinds: [kind])).text
    #expect(
      dispatch.contains("record.withWhole(record_probe_hit.self) { self.probeHit($0, &event) }"))
  }

  @Test func aFieldInReservedSpaceDoesNotMakeTheRecordLonger() throws {
    let kind = try describe(
      fields: """
          __u32 count; /* hits */
          __u32 later; /* since the second schema @reused 2 */
        """)
    #expect(kind.minimumSize == 40)
    #expect(kind.structSize == 40)
  }

  @Test(arguments: [
    ("  __u32 count;", "topic.h:12: error: count has no meaning"),
    ("  int count; /* hits */", "topic.h:12: error: int is no type"),
    (
      "  __u32 count; /* hits @colour red */",
      "topic.h:12: error: @colour does not belong to a field"
    ),
    ("  __u32 count; /* hits", "topic.h:12: error: a comment behind code ends on its line"),
    ("  __u64 a; /* a @added 3 */", "topic.h:12: error: expected @added and a schema, 2 at most"),
    (
      "  __u32 length; /* text @text name */\n  __u32 pad; /* pad */\n  __u64 a; /* a @added 2 */",
      "topic.h:12: error: a record with something behind it cannot grow"
    ),
    (
      "  __u32 a; /* a */\n  __u32 b; /* b @json a */",
      "topic.h:13: error: two members are called a"
    ),
  ])
  func mistakesAreNamedWithTheirLine(fields: String, message: String) throws {
    let found = try #require(self.message(fields: fields))
    #expect(found.hasPrefix("records/" + message), "\(found)")
  }

  @Test func whatNobodyHasClassifiedIsAMistake() throws {
    func message(_ fields: String, plain: [String]) -> String {
      do {
        _ = try describe(fields: fields, plain: plain)
        return ""
      } catch {
        return "\(error)"
      }
    }
    for field in [
      "__u64 a; /* a */", "__u32 a; /* a */", "__u64 a; /* a @hex */", "char a[16]; /* a */",
      "__u64 a[4]; /* a @hex */", "__u32 a; /* a @text a */", "__u64 a; /* a @line user_data */",
    ] {
      #expect(message(field, plain: []).contains("a is neither @plain nor @redact"), "\(field)")
      #expect(message(field, plain: ["a"]) == "", "\(field)")
    }
    #expect(message("__u8 a; /* a @bool */", plain: []) == "")
    #expect(message("__u64 a; /* a */", plain: ["a", "b"]).contains("@plain names b"))
    for mistake in ["luck", "comm", "", "kernel user"] {
      let field = "__u64 a; /* a @redact \(mistake) */"
      #expect(message(field, plain: []).contains("expected @redact KIND"), "\(mistake)")
    }
    #expect(message("__u64 a; /* a @redact kernel */", plain: ["a"]).contains("no @plain"))
    let kind = try describe(fields: "__u64 a; /* a @redact kernel */", plain: [])
    #expect(kind.fields[0].redaction == "kernel")
  }

  @Test func mistakesOfAKindAreNamed() throws {
    #expect(message(fields: "", kind: "@event")?.contains("expected @title") == true)
    #expect(message(fields: "", kind: "@title \"x\" @needs luck")?.contains("@needs ring") == true)
    let order = message(fields: "  __u32 a; /* a */", kind: "@title \"x\" @order b")
    #expect(order?.contains("@order names each field once, also a") == true)
    #expect(throws: DescriptionError.self) { try describe(fields: "", number: "256") }
  }
}
