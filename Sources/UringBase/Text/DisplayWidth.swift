extension Unicode.Scalar {
  /// Number of columns of the scalar on a terminal; nil for scalars that must not reach a terminal:
  /// controls, format characters such as bidirectional overrides, line separators.
  package var displayWidth: Int? {
    switch value {
    case 0x20..<0x7F: return 1
    case ..<0xA0: return nil
    case 0x2500...0x25FF: return 1  // box drawing, blocks, shapes
    default: break
    }
    // invisible fillers, and variation selectors, whose width differs between terminals
    if properties.isDefaultIgnorableCodePoint { return nil }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      return nil
    case .nonspacingMark, .enclosingMark:
      return 0
    default:
      return isWide ? 2 : 1
    }
  }

  /// East Asian wide and full-width characters, and emoji shown as pictures.
  private var isWide: Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1B000...0x1B2FF, 0x20000...0x3FFFD:
      true
    default: properties.isEmojiPresentation
    }
  }
}

extension String {
  /// Number of columns of the text on the UI's canvas.
  package var displayWidth: Int {
    var width = 0
    for scalar in unicodeScalars { width += scalar.displayWidth ?? 1 }
    return width
  }
}
