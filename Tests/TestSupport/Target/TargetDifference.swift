/// A difference between the ublk target's log and the groups and requests that uringtop shows.
struct TargetDifference {
  var text: String
  /// The I/O that differs; nil if the difference is not about a single I/O.
  var io: TargetIO?
  /// True if uringtop lacks a fact, which a missed event can explain; false if uringtop shows a
  /// wrong fact.
  var isAbsence: Bool
}

/// The subject of a comparison: an I/O of the log, its group, or a total.
struct TargetSubject {
  var name: String
  var io: TargetIO?

  init(_ name: String) { self.name = name }

  init(_ io: TargetIO) {
    name = "\(io)"
    self.io = io
  }

  init(_ io: TargetIO, group: UInt64) {
    name = "\(io), group \(group)"
    self.io = io
  }
}
