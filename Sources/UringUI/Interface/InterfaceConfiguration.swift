import UringConfiguration
import UringFields
import UringSources

/// A change by the user that the configuration file keeps.
package enum ConfigurationChange: Hashable, Sendable {
  case table(TableChange)
  /// Nanoseconds between two refreshes.
  case interval(UInt64)
}

/// A change of a table's columns or sort order, by the names of columns.
package struct TableChange: Hashable, Sendable {
  /// Name of the pane, in lower case.
  package var table: String
  /// Names of the columns shown, from left to right; nil if they have not changed.
  package var columns: [String]?
  /// The sort column, with `-` before its name for descending; nil if it has not changed.
  package var sort: String?
}

/// Applies the configuration, and finds changes that it must keep.
extension Interface {
  private var slots: [PaneSlot] { [.rings] + lower.indices.map { .lower($0) } }

  /// Applies the configuration. Returns a warning if it contains a mistake or could not be read.
  mutating func configure(by configuration: Configuration) -> Notice? {
    var mistakes = configuration.mistakes
    let filters = NamedFilters(configuration.filterTexts)
    for filter in configuration.filters.values {
      if let complaint = complaint(about: filter.value) {
        mistakes.append(Mistake(filter.offset, "the filter is invalid \(complaint)"))
      }
    }
    let names = slots.map { self[$0].name.lowercased() }
    for (name, table) in configuration.tables where !names.contains(name) {
      mistakes.append(
        Mistake(table.offset, "there is no such table: " + names.joined(separator: ", ")))
    }
    for (slot, name) in zip(slots, names) {
      self[slot].use(filters)
      if let settings = configuration.tables[name]?.value {
        mistakes += self[slot].arrange(by: settings)
      }
      guard let positions = self[slot].arrangement, let names = self[slot].namedArrangement else {
        continue
      }
      kept[name] = (positions, names)
    }
    if let failure = options.configurationFailure { return Notice(failure, isError: true) }
    return mistakes.summary(options.describeMistake).map { Notice($0, isError: true) }
  }

  /// The error of the table of requests if no table can use the filter; nil if any table can.
  private func complaint(about filter: String) -> QueryError? {
    let panes = slots.map { self[$0] }.filter { $0.arrangement != nil }
    let complaints = panes.map { $0.complaint(about: filter) }
    guard complaints.allSatisfy({ $0 != nil }) else { return nil }
    return lower.first?.complaint(about: filter)
  }

  /// The changes since the last call. While the menu of columns is open, there are none.
  mutating func changesToKeep() -> [Effect] {
    if case .columnMenu = modal { return [] }
    var effects: [Effect] = []
    for slot in slots {
      let pane = self[slot]
      let name = pane.name.lowercased()
      guard let before = kept[name], let positions = pane.arrangement,
        positions != before.positions, let names = pane.namedArrangement
      else { continue }
      kept[name] = (positions, names)
      let change = TableChange(
        table: name, columns: names.columns == before.names.columns ? nil : names.columns,
        sort: names.sort == before.names.sort ? nil : names.sort)
      if change.columns != nil || change.sort != nil { effects.append(.keep(.table(change))) }
    }
    return effects
  }
}
