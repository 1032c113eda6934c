/// The kind and the unit of a field's values.
public enum FieldType: String, Sendable {
  case number
  /// A number that need not be whole.
  case decimal
  /// A rate, per second.
  case rate
  /// A result: a number, or a negative errno with a name.
  case result
  case bytes
  /// Nanoseconds.
  case duration
  /// Nanoseconds, CLOCK_MONOTONIC.
  case time
  /// A number written in hexadecimal.
  case address
  /// A number whose bits are `POLL*` events.
  case pollEvents = "POLL* mask"
  case text
  /// Names of flags, or other texts.
  case words
  /// Numbers of requests, rings or descriptors.
  case numbers
  /// Yes or no.
  case flag

  /// The kind of total that values of this type have; nil if they have none.
  var total: FieldTotal? {
    switch self {
    case .bytes: .sum
    case .duration: .largest
    default: nil
    }
  }
}
