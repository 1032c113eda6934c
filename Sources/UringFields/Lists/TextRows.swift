import UringBase

/// Rows of text with titles: for people, or as CSV for programs.
public struct TextRows: Sendable {
  public struct Column: Sendable {
    /// Title for people.
    public var title: String
    /// Name for programs, with the unit.
    public var key: String
    public var isNumeric: Bool

    public init(title: String, key: String, isNumeric: Bool) {
      self.title = title
      self.key = key
      self.isNumeric = isNumeric
    }
  }

  public struct Cell: Sendable {
    /// Text for people; empty if the value is absent.
    public var text: String
    /// Text for programs, without a unit.
    public var plain: String

    public init(_ text: String, plain: String? = nil) {
      self.text = text
      self.plain = plain ?? text
    }
  }

  public var columns: [Column]
  public var rows: [[Cell]]

  /// The titles, and the rows with `-` for absent values.
  public var lines: [[String]] {
    [columns.map(\.title)] + rows.map { $0.map { $0.text.isEmpty ? "-" : $0.text } }
  }

  /// Positions of columns with numbers.
  public var numericColumns: Set<Int> { Set(columns.indices.filter { columns[$0].isNumeric }) }

  /// CSV as in RFC 4180: a line of the keys, then lines of the plain values.
  public var csv: String {
    columns.map(\.key).joined(separator: ",") + "\r\n" + csvRows
  }

  /// The lines of ``csv`` without the keys.
  public var csvRows: String {
    rows.map { row in row.map { Self.quoted($0.plain) }.joined(separator: ",") + "\r\n" }.joined()
  }

  /// The text as a CSV field. Control characters are replaced, because names are untrusted, and CSV
  /// is also shown in terminals.
  private static func quoted(_ text: String) -> String {
    let text = text.printable
    guard text.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
