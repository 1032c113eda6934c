import ArgumentParser
import UringTrace

extension CompletionKind {
  /// Completes names of recordings.
  static var recording: CompletionKind { .file(extensions: ["uring", "jsonl"]) }

  /// Completes names of recordings, and of snapshots as JSON.
  static var snapshot: CompletionKind { .file(extensions: ["uring", "jsonl", "json"]) }

  /// Completes names of opcodes: of a list, only the first.
  static var opcode: CompletionKind { .list(Opcode.all.map(\.name)) }
}
