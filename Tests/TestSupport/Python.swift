import Foundation

/// Python with the packages of scripts/packages/pypi.txt.
public enum Python {
  /// Runs a script to its end.
  public static func run(_ script: String, _ arguments: String...) throws -> Command.Outcome {
    let python = Command.root.appending(path: ".build/python/bin/python3")
    guard FileManager.default.isExecutableFile(atPath: python.path()) else {
      throw Missing()
    }
    return try Command.run(
      [Command.root.appending(path: script).path()] + arguments, program: python)
  }

  struct Missing: Error, CustomStringConvertible {
    var description: String { "no .build/python: run scripts/install-python" }
  }
}
