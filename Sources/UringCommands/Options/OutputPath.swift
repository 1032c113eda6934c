import ArgumentParser

/// Options with the path of an output file, `-o`.
protocol OutputPath: ParsableArguments {
  var path: String? { get }
}

extension OutputPath {
  /// The path that `-o` names; `-` (standard output) without `-o`.
  var target: String { path ?? "-" }

  func validatePath() throws {
    guard path != "" else { throw ValidationError("-o needs a file") }
  }
}
