import ArgumentParser
import UringFindings

/// A severity on the command line.
enum SeverityArgument: String, ExpressibleByArgument, CaseIterable {
  case info
  case warn
  case crit

  var severity: Finding.Severity {
    switch self {
    case .info: .info
    case .warn: .warn
    case .crit: .crit
    }
  }
}
