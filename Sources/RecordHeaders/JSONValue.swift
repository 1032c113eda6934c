/// A JSON value, in which the members of objects are in order.
indirect enum JSONValue: Sendable {
  case text(String)
  case number(Int)
  case boolean(Bool)
  case null
  case list([JSONValue])
  case object([(String, JSONValue)])
}
