/// The declarations of all headers, as parsed; ``Describer`` checks and resolves them.
struct Headers {
  /// An enumerator of `enum record_kind`.
  struct Kind {
    /// Name in C (after `record_`) and in JSON, such as `submit`.
    var name: String
    var swiftName: String
    var number: Int
    var line: SourceLine
  }

  struct Structure {
    var name: String
    var comment: Comment
    var fields: [Field]
    /// Name of the header without its extension.
    var topic: String
    var line: SourceLine
  }

  struct Field {
    enum FieldType: Hashable {
      case integer(width: Int, isSigned: Bool)
      case character
      case structure(String)
      case enumeration(String)
    }

    var type: FieldType
    var name: String
    /// Number of elements; nil if the field is not an array.
    var count: Int?
    var comment: Comment
    var line: SourceLine
  }

  /// The values of an enum, or of the `#define` lines below a comment with `@bits`.
  struct Enumeration {
    struct Value {
      var name: String
      var number: Int
      var comment: Comment
    }

    var name: String
    var width: Int
    var comment: Comment
    var values: [Value]
  }

  var kinds: [Kind] = []
  var structures: [Structure] = []
  var enumerations: [String: Enumeration] = [:]
  var constants: [String: Int] = [:]
  /// Name and text of each topic. The text is the first comment after the licence in the header.
  var topics: [(name: String, text: String)] = []

  func structure(_ name: String) -> Structure? { structures.first { $0.name == name } }
}
