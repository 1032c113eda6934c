import UringTrace

/// Handling of the mouse.
extension Interface {
  mutating func click(x: Int, y: Int) -> [Effect] {
    guard let hit = targets.last(where: { $0.rect.contains(x: x, y: y) }) else { return [] }
    switch hit.target {
    case .key(let key): return handle(key)
    case .menuLine(let position):
      chooseLine(position)
      return []
    case .command(let command):
      modal = nil
      return perform(command)
    case .seek(let bar):
      guard let timeline else { return [] }
      let part = Double(x - bar.x) / Double(max(1, bar.width - 1))
      return [.playback(.seek(UInt64(Double(timeline.duration) * max(0, min(1, part)))))]
    case .pane(let slot, let rect):
      guard modal == nil else { return [] }
      // The first click in a pane without the focus only selects a row.
      let hadFocus = focus == slot
      focus = slot
      let action = change(slot) { $0.click(x: x - rect.x, y: y - rect.y, scene: $1) } ?? .none
      if hadFocus { open(action) }
      return []
    }
  }

  mutating func wheel(x: Int, y: Int, rows: Int) -> [Effect] {
    if case .help(var text, let column, let menu)? = modal {
      text.navigate(.scroll(rows))
      modal = .help(text, of: column, over: menu)
    }
    guard modal == nil else { return [] }
    for hit in targets.reversed() where hit.rect.contains(x: x, y: y) {
      guard case .pane(let slot, _) = hit.target else { continue }
      _ = change(slot) { $0.navigate(.scroll(rows), scene: $1) }
      break
    }
    return []
  }
}
