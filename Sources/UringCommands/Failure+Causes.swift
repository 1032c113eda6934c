import Glibc
import SystemPackage
import UblkTarget
import UringBase
import UringRecordings

extension Failure {
  init(_ error: OutputError) {
    // The reader of uringtop's output has closed the pipe: the program ends silently, as other
    // tools do.
    if error.errno == .brokenPipe {
      self.init(ExitStatus.signal(13), "")
      return
    }
    let status =
      switch error.operation {
      case _ where isShortage(error.errno.rawValue): ExitStatus.system
      case .create: ExitStatus.cannotCreate
      case .write: ExitStatus.outputFailed
      case .startThread: ExitStatus.system
      case .redact: ExitStatus.badRecording
      }
    self.init(status, error.description)
  }

  init(_ error: RecordingError, path: String) {
    let status =
      switch error {
      case .cannotRead(let errno) where isShortage(errno.rawValue): ExitStatus.system
      case .cannotRead: ExitStatus.noInput
      default: ExitStatus.badRecording
      }
    self.init(status, "\(path): \(error)")
  }

  init(_ error: ThreadError) {
    self.init(ExitStatus.system, error.description)
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
