import Glibc
import SystemPackage
import UblkTarget
import UringBase
import UringRecordings

extension Failure {
  init(_ error: OutputError) {
    // Whoever reads our output has gone: as other tools end then.
    if error.errno == .brokenPipe {
      self.init(ExitStatus.signal(13), "")
      return
    }
    let status =
      switch error.operation {
      case _ where Self.isShortage(error.errno.rawValue): ExitStatus.system
      case .create: ExitStatus.cannotCreate
      case .write: ExitStatus.outputFailed
      case .startThread: ExitStatus.system
      }
    self.init(status, error.description)
  }

  init(_ error: RecordingError, path: String) {
    let status =
      switch error {
      case .cannotRead(let errno) where Self.isShortage(errno.rawValue): ExitStatus.system
      case .cannotRead: ExitStatus.noInput
      default: ExitStatus.badRecording
      }
    self.init(status, "\(path): \(error)")
  }

  init(_ error: ThreadError) {
    self.init(ExitStatus.system, error.description)
  }

  /// No memory or no descriptors: not the fault of the file.
  private static func isShortage(_ errno: Int32) -> Bool {
    errno == ENOMEM || errno == EMFILE || errno == ENFILE
  }

  init(_ error: TargetError) {
    let status =
      switch error.kind {
      case .noDriver, .unsupported: ExitStatus.unsupportedKernel
      case .notPermitted: ExitStatus.notPermitted
      case .invalid: ExitStatus.usage
      case .system: ExitStatus.system
      }
    self.init(status, error.description)
  }
}
