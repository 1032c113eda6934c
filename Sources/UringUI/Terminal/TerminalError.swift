/// The reason why the UI cannot be shown.
public enum TerminalError: Error, Hashable, Sendable, CustomStringConvertible {
  case notATerminal
  case unknown(name: String)
  case poor(name: String)

  public var description: String {
    switch self {
    case .notATerminal: "standard output is not a terminal"
    case .unknown(""): "TERM is not set"
    case .unknown(let name): "unknown terminal '\(name)' in TERM"
    case .poor(let name): "terminal '\(name)' cannot move its cursor"
    }
  }
}
