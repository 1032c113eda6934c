import ArgumentParser
import UringFields

extension Query {
  /// The expression of `--where`; without one, the query selects everything.
  init(option text: String?, over fields: FieldSet<Entity>) throws {
    do {
      try self.init(text ?? "", over: fields)
    } catch {
      throw ValidationError("--where, \(error)")
    }
  }
}
