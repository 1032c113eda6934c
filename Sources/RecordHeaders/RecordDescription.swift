/// The description of all record kinds, from which the generators write their files.
struct RecordDescription: Sendable {
  /// Version of the record format.
  var schema: Int
  /// Version of the format of JSON lines.
  var traceSchema = 1
  /// Kinds in order of their numbers.
  var kinds: [Kind] = []
  var vocabularies: [Vocabulary] = []
  var topics: [(name: String, text: String)] = []

  /// The names of a field's values or bits in JSON.
  struct Vocabulary: Sendable {
    enum Unknown: String, Sendable { case null, number, text }

    /// Name of the enum in C (`record_loss`), or argument of `@bits` (`knows`).
    var name: String
    /// Numbers and their names; a number with the name nil is null in JSON.
    var values: [(number: Int, name: String?)]
    /// The JSON value that represents a number without a name.
    var unknown: Unknown

    var swiftName: String {
      HeaderParser.swiftName(name.hasPrefix("record_") ? String(name.dropFirst(7)) : name)
    }
  }

  /// A record kind: the layout of its struct, and a property for each annotation.
  struct Kind: Sendable {
    var name: String
    var swiftName: String
    var number: Int
    var topic: String
    var text: String
    var title: String
    var role: String
    var needsRing: Bool
    var needsRequest: Bool
    var isEvent: Bool
    var isLogged: Bool
    /// True for the record that ends a recording, which has no line in a trace.
    var closes: Bool
    /// Version of the record format that introduced the kind.
    var since: Int
    /// Size in bytes of a record in the first version of the kind.
    var minimumSize: Int
    /// Size in bytes of the kind's struct, which handlers of records receive.
    var structSize: Int
    /// Size in bytes of a record with all fields, including those that only some records have.
    var fullSize: Int
    /// Fields in the order of their members in JSON, with nested structs inlined.
    var fields: [Field]

    var structName: String { "record_" + name }
  }

  struct Scalar: Hashable, Sendable {
    var offset: Int
    var width: Int
  }

  /// A field of a kind, with a property for each annotation.
  struct Field: Sendable {
    indirect enum Format: Sendable {
      case integer, hex, boolean, text, words
      /// A list of names; the argument of `@names` selects the names, which UringTrace defines.
      case names(String)
      case requestFlags
      /// One of the vocabulary's names.
      case choice(Vocabulary)
      case bits(Vocabulary)
      /// A member that the JSON lines of all record kinds have.
      case line(String)
      case object([Field])
      case trailingText(limit: Int?)
      case trailingPairs
    }

    enum Null: String, Sendable { case max, negative, zero }

    struct Alternative: Sendable {
      var name: String
      var selector: Scalar
      var mask: Int
      /// True if the selector is not a member in JSON. When a trace is read, the selector is then
      /// set to 1 if the line has the alternative member.
      var isHidden: Bool
    }

    /// Name in JSON.
    var name: String
    /// Name in C.
    var cName: String
    var cType: String
    var scalar: Scalar
    /// Number of elements; nil if the field is not an array.
    var count: Int?
    var isSigned: Bool
    var format: Format
    /// Argument of `@derive`: further members that are derived from the value. They are written,
    /// and ignored when a trace is read.
    var derived: String?
    var null: Null?
    /// Bytes of the record: the member is omitted if all of them are zero. Nil: never omitted.
    var omitted: (offset: Int, count: Int)?
    /// Version of the record format that added the field to its kind, at the end or in reserved
    /// space; nil if the kind has always had it.
    var added: Int?
    /// True if the field made the record longer.
    var isGrowth: Bool
    var alternative: Alternative?
    /// Another field: the member is omitted if that field is 0. Nil: no such field.
    var condition: Scalar?
    /// True if any 64-bit number is valid (`@any`).
    var isAny = false
    /// True if the values of all records are added up and their sum is bounded (`@summed`).
    var isSummed = false
    /// Argument of `@redact`; nil if the value identifies neither a machine nor its users.
    var redaction: String?
    var text: String
    var unit: String
    var line: SourceLine

    var end: Int { scalar.offset + scalar.width * (count ?? 1) }
  }

  static func aligned(_ size: Int, to alignment: Int = 8) -> Int {
    (size + alignment - 1) / alignment * alignment
  }
}
