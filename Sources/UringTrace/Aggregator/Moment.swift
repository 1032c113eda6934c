/// The time and thread of an event.
struct Moment {
  var time: UInt64
  /// 0 if unknown.
  var tid: UInt32
}
