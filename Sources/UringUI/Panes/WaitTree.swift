import UringFindings
import UringTrace

extension RequestDetail {
  /// The chain of waits that holds up the request. Each line is indented below the line whose wait
  /// it could end.
  var waitTree: [[Piece]] {
    guard let tree = Waits(scene.snapshot)?.tree(of: request.id) else { return [] }
    return tree.enumerated().flatMap { index, line in
      let depth = min(line.depth, 8)
      let indent = String(repeating: "  ", count: depth)
      return line.text.wrapped(to: max(20, width - 15 - 2 * depth)).enumerated().map { part, text in
        Piece.fact(
          index == 0 && part == 0 ? "Waits" : "",
          [Piece(indent + (part == 0 ? "└ " : "  "), .faint), Piece(text)])
      }
    }
  }
}
