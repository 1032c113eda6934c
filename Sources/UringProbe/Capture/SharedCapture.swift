/// The capture, shared by the session and the surveyor: the programs' tables. Only the session uses its ring buffer.
final class SharedCapture: @unchecked Sendable {
  let object: CaptureObject
  init(_ object: consuming CaptureObject) { self.object = object }
}
