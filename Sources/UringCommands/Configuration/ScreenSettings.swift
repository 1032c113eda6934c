import ArgumentParser
import UringBase
import UringConfiguration
import UringFields
import UringTrace
import UringUI

/// The appearance of the UI. The command line takes precedence over the configuration.
struct ScreenSettings: Sendable {
  var interval: Duration
  var requestFilter: String
  private let isMonochrome: Bool
  private let theme: ThemeName?
  private let configuration: Configuration
  private let file: ConfigurationFile?
  /// The error message if the configuration could not be read.
  private let failure: String?

  /// Reads the configuration, without blocking.
  ///
  /// - Throws: `ValidationError` if the filter is invalid or refers to a named filter that does not
  ///   exist.
  init(_ options: ScreenOptions) throws {
    var place: ConfigurationPlace?
    if let path = options.config {
      place = ConfigurationPlace(path: path)
    } else if !options.noConfig {
      place = ConfigurationPlace.ofUser
    }
    file = place.map { ConfigurationFile($0, isNamed: options.config != nil) }
    (configuration, failure) = file?.contents ?? (Configuration(), nil)
    let interval = options.interval?.nanoseconds ?? configuration.interval?.value
    self.interval = .nanoseconds(Int64(interval ?? 1_000_000_000))
    requestFilter = options.requestFilter ?? ""
    isMonochrome = options.monochrome
    theme = options.theme ?? configuration.theme?.value
    _ = try Query<Request>(
      option: requestFilter, over: .requests, filters: NamedFilters(configuration.filterTexts))
  }

  /// Sets the UI options that these settings define.
  func apply(to options: inout UserInterfaceOptions) {
    options.requestFilter = requestFilter
    options.refreshInterval = interval
    options.isMonochrome = isMonochrome
    options.theme = theme
    options.configuration = configuration
    guard let file else { return }
    options.keep = { file.keep($0) }
    options.describeMistake = { file.describe($0) }
    options.configurationFailure = failure
  }
}

extension ThemeName: ExpressibleByArgument {}
