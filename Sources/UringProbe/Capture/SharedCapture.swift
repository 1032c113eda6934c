/// The capture, shared by the session and the surveyor: the programs' tables.
final class SharedCapture: @unchecked Sendable {
  let object: CaptureObject
  init(_ object: consuming CaptureObject) { self.object = object }
}
