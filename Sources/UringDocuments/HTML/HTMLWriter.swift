import UringBase

/// Writes HTML. All text and all values of attributes are escaped. Markup can only come from the
/// program itself.
struct HTMLWriter {
  private(set) var html = ""

  typealias Attribute = (name: StaticString, value: String)

  /// Adds markup without escaping it.
  mutating func markup(_ markup: StaticString) { html += "\(markup)" }

  mutating func text(_ text: String) { html += text.markup }

  /// Adds an element with the contents that `body` writes.
  mutating func element(
    _ name: StaticString, _ attributes: [Attribute] = [], _ body: (inout HTMLWriter) -> Void
  ) {
    open(name, attributes)
    html += ">"
    body(&self)
    html += "</\(name)>\n"
  }

  /// Adds an element that has only text.
  mutating func leaf(_ name: StaticString, _ text: String) { leaf(name, [], text) }

  mutating func leaf(_ name: StaticString, _ attributes: [Attribute], _ text: String) {
    open(name, attributes)
    html += ">\(text.markup)</\(name)>\n"
  }

  /// Adds an SVG element without contents.
  mutating func shape(_ name: StaticString, _ attributes: [Attribute]) {
    open(name, attributes)
    html += "/>\n"
  }

  private mutating func open(_ name: StaticString, _ attributes: [Attribute]) {
    html += "<\(name)"
    for (name, value) in attributes { html += " \(name)=\"\(value.markup)\"" }
  }

  // MARK: Tables

  struct Column {
    var title: StaticString
    var kind = Kind.text

    enum Kind: String {
      /// Text that may break anywhere.
      case text
      /// A short word that is never broken.
      case word
      /// Aligned to the right.
      case number
    }

    init(_ title: StaticString, _ kind: Kind = .text) {
      self.title = title
      self.kind = kind
    }
  }

  mutating func table(_ columns: [Column], _ rows: [[String]]) {
    element("table") { table in
      table.element("thead") { head in
        head.element("tr") { row in
          for column in columns { row.leaf("th", column.attributes, "\(column.title)") }
        }
      }
      table.element("tbody") { body in
        for cells in rows {
          body.element("tr") { row in
            for (column, cell) in zip(columns, cells) {
              row.leaf("td", column.attributes, cell)
            }
          }
        }
      }
    }
  }
}

extension HTMLWriter.Column {
  fileprivate var attributes: [HTMLWriter.Attribute] { [("class", kind.rawValue)] }
}
