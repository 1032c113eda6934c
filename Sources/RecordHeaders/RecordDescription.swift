/// All resolved kinds of records, the input of the generators.
struct RecordDescription: Sendable {
  var schema: Int
  /// The schema of JSON lines.
  var traceSchema = 1
  /// Kinds by number.
  var kinds: [Kind] = []
  var vocabularies: [Vocabulary] = []
  var topics: [(name: String, text: String)] = []

  /// Names for the values or bits of a field.
  struct Vocabulary: Sendable {
    enum Unknown: String, Sendable { case null, number, text }

    /// Name in C: `record_loss`, `knows`.
    var name: String
    /// A nil name is null in JSON.
    var values: [(number: Int, name: String?)]
    /// JSON of a value without a name.
    var unknown: Unknown

    var swiftName: String {
      HeaderParser.swiftName(name.hasPrefix("record_") ? String(name.dropFirst(7)) : name)
    }
  }

  /// A record kind: its struct and a property for each annotation.
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
    /// The schema that introduced the kind.
    var since: Int
    /// Bytes of a record in the first version of the kind.
    var minimumSize: Int
    /// Bytes of the struct that is dispatched.
    var structSize: Int
    /// Bytes with all fields, including fields that only some records have.
    var fullSize: Int
    /// Fields in JSON's order, with nested structs inline.
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
      /// A list of names, from a vocabulary of UringTrace.
      case names(String)
      case requestFlags
      /// One of a vocabulary's names.
      case choice(Vocabulary)
      case bits(Vocabulary)
      /// A member that every line has.
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
      /// True if the selector is not a member of its own: reading sets it.
      var isHidden: Bool
    }

    /// Name in JSON.
    var name: String
    /// Name in C.
    var cName: String
    var cType: String
    var scalar: Scalar
    /// Elements of an array.
    var count: Int?
    var isSigned: Bool
    var format: Format
    /// Members derived from the value: written, but not read.
    var derived: String?
    var null: Null?
    /// Bytes that omit the member if they are zero.
    var omitted: (offset: Int, count: Int)?
    /// The schema that added it to its kind, at the end or in reserved space.
    var added: Int?
    /// True if the field made the record longer.
    var isGrowth: Bool
    var alternative: Alternative?
    /// The member is present only if this field is not zero.
    var condition: Scalar?
    /// True if any number is valid.
    var isAny = false
    /// True if the numbers of all records are summed.
    var isSummed = false
    /// The kind of `@redact`; nil if the value identifies nothing.
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
