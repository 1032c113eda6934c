import ArgumentParser
import UringTrace

extension CompletionKind {
  /// Names of recordings.
  static var recording: CompletionKind { .file(extensions: ["uring", "jsonl"]) }

  /// Names of recordings, and of snapshots as JSON.
  static var snapshot: CompletionKind { .file(extensions: ["uring", "jsonl", "json"]) }

  /// Names of opcodes. Only the first name of a list is completed.
  static var opcode: CompletionKind { .list(Opcode.all.map(\.name)) }
}
