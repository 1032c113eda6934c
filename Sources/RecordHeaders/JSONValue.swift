/// A JSON value. The members of an object keep their order.
indirect enum JSONValue: Sendable {
  case text(String)
  case number(Int)
  case boolean(Bool)
  case null
  case list([JSONValue])
  case object([(String, JSONValue)])
}
