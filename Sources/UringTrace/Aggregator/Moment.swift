/// When something happened, and on which thread.
struct Moment {
  var time: UInt64
  /// 0 where not known.
  var tid: UInt32
}
