/// Column titles that are shown on the screen and by `top` but are not titles of fields: such a
/// column combines several fields, or shows a field in its own way.
enum ScreenTitle {
  /// The fields that contain the data of a column; empty for other names.
  ///
  /// - Parameters:
  ///   - title: the column title as a user typed it.
  ///   - set: the name of the ``FieldSet``.
  static func fields(under title: String, of set: String) -> [String] {
    all[set]?[title.lowercased().replacing(" ", with: "_")] ?? []
  }

  /// The fields of each column, by the name of the set and the title.
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
