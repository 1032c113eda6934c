import CCurses

/// The role of a piece of text; the ``Theme`` maps roles to attributes and colours.
enum Style: UInt8, CaseIterable, Sendable {
  case normal
  case faint
  case strong
  case label
  case good
  case warning
  case error
  /// A number that stands out, such as a rate or a count.
  case value
  /// Opcodes and other names from the kernel's vocabulary.
  case name
  case title
  case titleFocused
  /// The row of column titles.
  case columns
  case columnSorted
  case selected
  case selectedIdle
  case match
  case key
  case keyLabel
  case tab
  case tabActive
  case bar
  case barHigh
  case alarm
}

/// Attributes and colours of one style; -1 is the terminal's own colour.
struct Appearance: Hashable, Sendable {
  var attributes: UInt8
  var foreground: Int32
  var background: Int32

  /// - Parameters:
  ///   - foreground: colour of the text.
  ///   - background: colour behind the text.
  ///   - attributes: a combination of ``bold``, ``underline`` and ``reverse``.
  init(_ foreground: Int32 = -1, on background: Int32 = -1, _ attributes: UInt8 = 0) {
    self.attributes = attributes
    self.foreground = foreground
    self.background = background
  }

  static let bold = CC_BOLD.rawValue
  static let reverse = CC_REVERSE.rawValue
  static let underline = CC_UNDERLINE.rawValue
}
