import ArgumentParser
import UringTrace

extension CompletionKind {
  /// Names of recordings.
  static var recording: CompletionKind { .file(extensions: ["uring", "jsonl"]) }

  /// The first opcode of a list.
  static var opcode: CompletionKind { .list(Opcode.all.map(\.name)) }
}
