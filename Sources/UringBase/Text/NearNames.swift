/// Suggests names that the user may have meant.
package enum NearNames {
  /// At most three names that differ little from `word`, nearest first. If there are none, names
  /// with the same beginning.
  package static func nearest(to word: String, in names: [String]) -> [String] {
    let near = similar(to: word, in: names)
    guard near.isEmpty, word.count >= 4 else { return near }
    let beginning = word.prefix(word.count - word.count / 4)
    return Array(names.filter { $0.hasPrefix(beginning) }.sorted().prefix(3))
  }

  private static func similar(to word: String, in names: [String]) -> [String] {
    let limit = max(2, word.count / 3)
    return
      names
      .map { (name: $0, distance: distance(word, $0)) }
      .filter { name, distance in
        distance <= limit || word.count >= 3 && (name.contains(word) || word.contains(name))
      }
      .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix(3).map(\.name)
  }

  /// `; did you mean …?` with the nearest names, to end a message; empty if no name is near.
  package static func hint(for word: String, in names: [String]) -> String {
    question(nearest(to: word, in: names))
  }

  /// The text of ``hint(for:in:)`` for names that ``nearest(to:in:)`` has returned.
  package static func question(_ near: [String]) -> String {
    near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?"
  }

  /// Levenshtein distance.
  private static func distance(_ first: String, _ second: String) -> Int {
    let second = Array(second.utf8)
    var row = Array(0...second.count)
    for (i, a) in first.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in second.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
        diagonal = above
      }
    }
    return row[second.count]
  }
}
