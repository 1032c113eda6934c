import ArgumentParser
import UringFields

extension Query {
  /// Parses the expression of an option; without the option, the query selects everything.
  init(
    option text: String?, named name: String = "--where", over fields: FieldSet<Entity>,
    filters: NamedFilters = .configured
  ) throws {
    do {
      try self.init(text ?? "", over: fields, named: filters)
    } catch {
      throw ValidationError("\(name), \(error)")
    }
  }
}
