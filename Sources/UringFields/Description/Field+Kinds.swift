import UringTrace

/// Fields that several kinds of entities have.
extension Field {
  /// A field with a number whose total over several entities is the sum.
  static func count(
    _ key: String, title: String? = nil, _ meaning: String,
    _ count: @escaping @Sendable (Entity) -> UInt64
  ) -> Field {
    Field(key, title: title, .number, total: .sum, meaning: meaning) { entity, _ in
      .number(count(entity))
    }
  }

  /// A field with the errno of a result. `result` returns nil if there is no result.
  static func errno(
    _ meaning: String = "Name of the errno, if the result is negative.",
    of result: @escaping @Sendable (Entity) -> Int32?
  ) -> Field {
    Field("errno", .text, .nullable, meaning: meaning) { entity, _ in .errno(result(entity)) }
  }
}
