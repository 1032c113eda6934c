import ArgumentParser
import CSpawn
import Glibc
import UringBase
import UringSources
import UringUI

/// Runs the UI from the command line.
enum Screen {
  /// Throws if standard output is not a terminal. Called before anything is started.
  static func requireTerminal() throws(Failure) {
    guard isatty(1) != 0 else {
      throw Failure(ExitStatus.noTerminal, "standard output is not a terminal")
    }
  }

  /// Shows the UI until the user quits.
  ///
  /// - Parameters:
  ///   - startedProgram: returns the name of the program that ends with the UI; nil once it has
  ///     ended.
  ///   - source: opens the source while the first frame is already drawn.
  static func show(
    title: String, settings: ScreenSettings, filters: FilterOptions? = nil,
    capture: CaptureOptions? = nil,
    demoStatus: (@Sendable () -> DemoStatus)? = nil,
    startedProgram: (@Sendable () -> String?)? = nil,
    source: @escaping @Sendable () throws -> any SnapshotSource
  ) throws {
    var options = UserInterfaceOptions()
    options.title = title
    options.filterDescription = filters?.description(capture) ?? ""
    options.seesEveryRequest = filters?.seesEveryRequest(capture) ?? true
    options.selectsRings = filters?.selectRings ?? false
    options.minimumAge = filters?.filter().minimumAge ?? 0
    options.demoStatus = demoStatus
    options.startedProgram = startedProgram
    settings.apply(to: &options)
    do {
      // Commands run on the main thread.
      let ending = try MainActor.assumeIsolated { [options] in
        try UserInterface.run(options: options, source: source)
      }
      if case .signal(let number) = ending { throw Failure(ExitStatus.signal(number), "") }
    } catch let error as TerminalError {
      throw Failure(ExitStatus.noTerminal, error.description)
    } catch let error as ThreadError {
      throw Failure(error)
    }
  }
}
