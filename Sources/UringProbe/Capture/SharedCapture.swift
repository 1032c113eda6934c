/// A reference to the capture object, whose maps the reader thread and the surveyor thread share.
final class SharedCapture: @unchecked Sendable {
  let object: CaptureObject
  init(_ object: consuming CaptureObject) { self.object = object }
}
