/// The lists of requests for which a text is shown when they are empty.
public enum EmptyRequestList: CaseIterable, Sendable {
  case inFlight, ended

  /// - Parameter hasEveryRequest: false if command-line options leave requests out.
  public func text(hasEveryRequest: Bool) -> String {
    switch (self, hasEveryRequest) {
    case (.inFlight, true): "no requests in flight"
    case (.ended, true): "no request has ended yet"
    case (.inFlight, false): hidden("is in flight")
    case (.ended, false): hidden("has ended yet")
    }
  }

  private func hidden(_ verb: String) -> String {
    "no request selected by the command-line options " + verb
  }
}
