import UringRecordings

public enum FieldValue: Sendable, Hashable {
  case none
  case number(UInt64)
  case signed(Int64)
  case decimal(Double)
  case text(String)
  case words([String])
  case numbers([UInt64])
  case flag(Bool)
}

extension FieldValue {
  /// A number as a value; absent if nil.
  public static func integer(_ number: (some BinaryInteger)?) -> FieldValue {
    guard let number else { return .none }
    return number < 0 ? .signed(Int64(clamping: number)) : .number(UInt64(clamping: number))
  }

  /// A number as a value; absent if 0, which stands for "unknown" or "none".
  public static func unlessZero(_ number: some BinaryInteger) -> FieldValue {
    number == 0 ? .none : .integer(number)
  }

  /// A text as a value; absent if nil or empty.
  public static func unlessEmpty(_ text: String?) -> FieldValue {
    guard let text, !text.isEmpty else { return .none }
    return .text(text)
  }

  /// A name that is a literal in the program, as a value.
  public static func name(_ name: StaticString) -> FieldValue { .text("\(name)") }

  /// A flag as a value; absent if nil.
  public static func flag(ifKnown isSet: Bool?) -> FieldValue { isSet.map { .flag($0) } ?? .none }

  /// The errno's name of a negative result; absent for other results.
  public static func errno(_ result: Int32?) -> FieldValue {
    .unlessEmpty(result.flatMap { JSONNames.errno($0) })
  }
}
