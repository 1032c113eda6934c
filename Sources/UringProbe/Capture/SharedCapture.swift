/// The capture, shared by the session and the surveyor: the programs' tables. Its ring buffer is the session's alone.
final class SharedCapture: @unchecked Sendable {
  let object: CaptureObject
  init(_ object: consuming CaptureObject) { self.object = object }
}
