/// All kinds of records, resolved: what the generators write from.
struct RecordDescription: Sendable {
  var schema: Int
  /// By number.
  var kinds: [Kind] = []
  var vocabularies: [Vocabulary] = []
  var topics: [(name: String, text: String)] = []

  /// Names for the values or bits of a field.
  struct Vocabulary: Sendable {
    enum Unknown: String, Sendable { case null, number, text }

    /// In C: `record_loss`, `knows`.
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
    /// It ends a recording and has no line in a trace.
    var closes: Bool
    /// The schema that it came with.
    var since: Int
    /// Bytes of a record as the kind was first written.
    var minimumSize: Int
    /// Bytes of the struct that is dispatched.
    var structSize: Int
    /// Bytes with all fields, also those that only some records have.
    var fullSize: Int
    /// In JSON's order, nested structs in place.
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
      /// The value is a member that every line has.
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
      /// The selector is no member of its own: reading sets it.
      var isHidden: Bool
    }

    /// In JSON.
    var name: String
    /// In C.
    var cName: String
    var cType: String
    var scalar: Scalar
    /// Elements of an array.
    var count: Int?
    var isSigned: Bool
    var format: Format
    /// Members that follow from it and are only written.
    var derived: String?
    var null: Null?
    /// Bytes whose being zero omits it.
    var omitted: (offset: Int, count: Int)?
    /// The schema that added it to its kind, at the end or in reserved space.
    var added: Int?
    /// It made the record longer.
    var isGrowth: Bool
    var alternative: Alternative?
    /// It is there only if this is not zero.
    var condition: Scalar?
    /// Any number is valid.
    var isAny = false
    /// The numbers of all records are added up.
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
