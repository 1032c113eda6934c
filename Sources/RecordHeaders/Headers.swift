/// The declarations of all headers, unresolved.
struct Headers {
  /// An enumerator of `enum record_kind`.
  struct Kind {
    /// Name as in `record_submit` and in JSON.
    var name: String
    var swiftName: String
    var number: Int
    var line: SourceLine
  }

  struct Structure {
    var name: String
    var comment: Comment
    var fields: [Field]
    /// The file's name without its extension.
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
    /// Elements of an array; nil without one.
    var count: Int?
    var comment: Comment
    var line: SourceLine
  }

  /// An enum, or constants below a comment with `@bits`.
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
  /// The first comment after the licence in each topic's file.
  var topics: [(name: String, text: String)] = []

  func structure(_ name: String) -> Structure? { structures.first { $0.name == name } }
}
