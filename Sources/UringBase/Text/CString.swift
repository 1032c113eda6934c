import Glibc

/// Conversions of C text. They are not initializers of `String`, because `map(String.init)` could
/// choose them by mistake.
package enum CString {
  /// The text of the bytes before the first zero, or of all bytes if there is none. Invalid UTF-8
  /// is repaired.
  package static func decode(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes.prefix { $0 != 0 }), as: UTF8.self)
  }

  /// The text of an array of C characters, up to the first zero.
  package static func decode(_ characters: some Sequence<CChar>) -> String {
    decode(characters.lazy.map(UInt8.init(bitPattern:)))
  }

  /// The system's description of an errno, given as a positive or negative number.
  package static func error(_ code: Int32) -> String {
    String(cString: strerror(code < 0 ? -code : code))
  }
}
