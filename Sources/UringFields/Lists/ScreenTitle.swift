/// Column titles on the screen and in `top` that are not titles of fields: such a column combines fields, or shows one in
/// its own way.
enum ScreenTitle {
  /// The fields that have what a column shows; empty for other names.
  ///
  /// - Parameters:
  ///   - title: as a user typed it.
  ///   - set: the name of the ``FieldSet``.
  static func fields(under title: String, of set: String) -> [String] {
    all[set]?[title.lowercased().replacing(" ", with: "_")] ?? []
  }

  /// By the name of the set and the title.
  static let all: [String: [String: [String]]] = [
    "requests": [
      "submitter": ["comm", "tid"], "took": ["age"], "ended": ["last"], "buffer": ["bid"],
    ],
    "rings": [
      "ring": ["id"], "sub/s": ["last_second.submitted"], "cmp/s": ["last_second.completed"],
      "err/s": ["last_second.errors"],
    ],
    "findings": ["process": ["rings"]],
    "buffers": ["memory": ["address"], "state": ["withdrawn", "exhausted"]],
    "latency": [
      "most_time_in": [
        "stages.held", "stages.issued", "stages.poll_armed", "stages.io_wq", "stages.task_work",
      ]
    ],
    "system calls": ["thread": ["tid"], "what": ["errno", "argument"]],
    "events": ["thread": ["tid"], "result": ["value"]],
  ]
}
