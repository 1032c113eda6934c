import SystemPackage
import UblkTarget
import UringRecordings

extension Failure {
  init(_ error: OutputError) {
    // Whoever reads our output has gone: as other tools end then.
    if error.errno == .brokenPipe {
      self.init(ExitStatus.signal(13), "")
      return
    }
    let status =
      error.operation == .create ? ExitStatus.cannotCreate : ExitStatus.outputFailed
    self.init(status, error.description)
  }

  init(_ error: RecordingError, path: String) {
    let status =
      if case .cannotRead = error { ExitStatus.noInput } else { ExitStatus.badRecording }
    self.init(status, "\(path): \(error)")
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
