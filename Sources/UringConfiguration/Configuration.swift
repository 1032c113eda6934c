import UringBase

/// The contents of a configuration file, which docs/configuration.md describes.
package struct Configuration: Sendable {
  /// A value and its byte offset in the file.
  package struct Setting<Value: Sendable>: Sendable {
    package var value: Value
    package var offset: Int
  }

  /// Settings for a table of the UI.
  package struct Table: Sendable {
    /// Names of the columns shown, in order; nil for the table's default columns.
    package var columns: [Setting<String>]?
    /// Byte offset of the value of ``columns`` in the file.
    package var offset = 0
    /// Name of the column by which rows are sorted; `-` before it means descending.
    package var sort: Setting<String>?
  }

  package private(set) var theme: Setting<ThemeName>?
  /// Nanoseconds between two refreshes.
  package private(set) var interval: Setting<UInt64>?
  package private(set) var filters: [String: Setting<String>] = [:]
  /// The expressions of ``filters`` by their names.
  package var filterTexts: [String: String] { filters.mapValues(\.value) }

  /// Settings for tables, by the name of the pane in lower case.
  package private(set) var tables: [String: Setting<Table>] = [:]
  package private(set) var mistakes: [Mistake] = []

  /// Permitted values of `interval`, nanoseconds.
  package static let intervals: ClosedRange<UInt64> = 50_000_000...60_000_000_000

  package init() {}

  /// Reads the valid settings. The invalid ones are reported in ``mistakes``.
  package init(_ document: TOMLDocument) {
    mistakes = document.mistakes
    var seen: Set<[String]> = []
    for entry in document.entries {
      do throws(Mistake) {
        if case .table = entry.value.content { continue }
        guard !entry.isInArray else { throw Mistake(entry.key.lowerBound, "unknown key") }
        guard seen.insert(entry.path).inserted else {
          throw Mistake(entry.key.lowerBound, "this key is set twice")
        }
        try take(entry)
      } catch {
        mistakes.append(error)
      }
    }
    mistakes.sort { $0.offset < $1.offset }
  }

  private static let keys = ["theme", "interval", "filters", "tables"]

  private mutating func take(_ entry: TOMLDocument.Entry) throws(Mistake) {
    let (path, value, offset) = (entry.path, entry.value, entry.value.range.lowerBound)
    switch (path[0], path.count) {
    case ("theme", 1):
      let name = try value.text()
      guard let theme = ThemeName(rawValue: name) else {
        let names = ThemeName.allCases.map(\.rawValue)
        throw Mistake(offset, "a theme is expected: " + names.joined(separator: ", "))
      }
      self.theme = Setting(value: theme, offset: offset)
    case ("interval", 1):
      guard let interval = Quantity.duration(try value.text()), Self.intervals ~= interval else {
        throw Mistake(offset, "a time from \"50ms\" to \"60s\" is expected")
      }
      self.interval = Setting(value: interval, offset: offset)
    case ("filters", 2):
      guard path[1].utf8.allSatisfy(\.isBareKeyPart), !path[1].isEmpty else {
        throw Mistake(
          entry.key.lowerBound, "the name of a filter has letters, digits, - and _ only")
      }
      filters[path[1]] = Setting(value: try value.text(), offset: offset)
    case ("tables", 3): try takeTable(entry)
    default: throw Self.unknown(entry)
    }
  }

  private mutating func takeTable(_ entry: TOMLDocument.Entry) throws(Mistake) {
    let name = entry.path[1]
    var table = tables[name] ?? Setting(value: Table(), offset: entry.key.lowerBound)
    switch entry.path[2] {
    case "columns":
      table.value.columns = try entry.value.texts()
      table.value.offset = entry.value.range.lowerBound
    case "sort":
      table.value.sort = Setting(
        value: try entry.value.text(), offset: entry.value.range.lowerBound)
    default: throw Self.unknown(entry)
    }
    tables[name] = table
  }

  private static func unknown(_ entry: TOMLDocument.Entry) -> Mistake {
    let isTable = entry.path.count == 3 && entry.path[0] == "tables"
    let name = isTable ? entry.path[2] : entry.path[0]
    let known = isTable ? ["columns", "sort"] : keys
    let hint = known.contains(name) ? "" : NearNames.hint(for: String(name.prefix(40)), in: known)
    return Mistake(entry.key.lowerBound, "unknown key" + hint)
  }
}

extension TOMLValue {
  fileprivate func text() throws(Mistake) -> String {
    guard case .string(let text) = content else {
      throw Mistake(range.lowerBound, "a text in quotes is expected")
    }
    return text
  }

  fileprivate func texts() throws(Mistake) -> [Configuration.Setting<String>] {
    guard case .array(let values) = content else {
      throw Mistake(range.lowerBound, "a list is expected, such as [\"age\", \"state\"]")
    }
    var texts: [Configuration.Setting<String>] = []
    for value in values {
      texts.append(.init(value: try value.text(), offset: value.range.lowerBound))
    }
    return texts
  }
}
