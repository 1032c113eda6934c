import ArgumentParser
import UringTrace

extension CompletionKind {
  /// Names of recordings.
  static var recording: CompletionKind { .file(extensions: ["uring", "jsonl"]) }

  /// Names of recordings, and of snapshots as JSON.
  static var snapshot: CompletionKind { .file(extensions: ["uring", "jsonl", "json"]) }

  /// The first opcode of a list.
  static var opcode: CompletionKind { .list(Opcode.all.map(\.name)) }
}
