import UringFields

extension NamedFilters {
  /// The filters of the user's configuration, for commands without a screen.
  ///
  /// The file is read when an expression first uses the name of a filter. Its first mistake is
  /// reported then, once.
  static let configured = NamedFilters(reading: { texts })

  private static let texts: [String: String] = {
    guard let place = ConfigurationPlace.ofUser else { return [:] }
    let file = ConfigurationFile(place, isNamed: false)
    let (configuration, failure) = file.contents
    if let message = failure ?? configuration.mistakes.summary(file.describe) {
      StandardError.write(message)
    }
    return configuration.filterTexts
  }()
}
