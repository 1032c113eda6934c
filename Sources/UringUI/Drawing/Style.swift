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
  /// A number that stands out: rates, counts.
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
  var foreground: Int32 = -1
  var background: Int32 = -1
}

/// How styles look on a terminal.
struct Theme: Sendable {
  private var appearances: [Appearance]

  subscript(style: Style) -> Appearance { appearances[Int(style.rawValue)] }

  private init(_ appearance: (Style) -> Appearance) {
    appearances = Style.allCases.map(appearance)
  }

  /// The eight colours that every colour terminal has.
  static let colour = Theme { style in
    switch style {
    case .normal: Appearance(attributes: 0)
    case .faint: Appearance(attributes: bold, foreground: black)
    case .strong: Appearance(attributes: bold)
    case .label: Appearance(attributes: 0, foreground: cyan)
    case .good: Appearance(attributes: 0, foreground: green)
    case .warning: Appearance(attributes: 0, foreground: yellow)
    case .error: Appearance(attributes: bold, foreground: red)
    case .value: Appearance(attributes: bold)
    case .name: Appearance(attributes: 0, foreground: cyan)
    case .title: Appearance(attributes: 0, foreground: cyan)
    case .titleFocused: Appearance(attributes: bold, foreground: cyan)
    case .columns: Appearance(attributes: 0, foreground: black, background: green)
    case .columnSorted: Appearance(attributes: 0, foreground: black, background: cyan)
    case .selected: Appearance(attributes: 0, foreground: black, background: cyan)
    case .selectedIdle: Appearance(attributes: 0, foreground: black, background: white)
    case .match: Appearance(attributes: 0, foreground: black, background: yellow)
    case .key: Appearance(attributes: 0)
    case .keyLabel: Appearance(attributes: 0, foreground: black, background: cyan)
    case .tab: Appearance(attributes: 0, foreground: cyan)
    case .tabActive: Appearance(attributes: 0, foreground: black, background: green)
    case .bar: Appearance(attributes: 0, foreground: green)
    case .barHigh: Appearance(attributes: 0, foreground: red)
    case .alarm: Appearance(attributes: bold, foreground: white, background: red)
    }
  }

  /// With 256 colours. Text has colours that are about as far from white as from black, so that it can be read on either
  /// background; the eight colours have none.
  static let manyColours = Theme { style in
    var appearance = style == .faint ? Appearance(attributes: 0, foreground: 243) : colour[style]
    if appearance.background < 0, let medium = medium[appearance.foreground] {
      appearance.foreground = medium
    }
    return appearance
  }

  private static let medium: [Int32: Int32] = [red: 160, green: 28, yellow: 130, cyan: 30]

  /// Attributes only.
  static let monochrome = Theme { style in
    switch style {
    case .strong, .value, .error, .titleFocused: Appearance(attributes: bold)
    case .columns, .selected, .keyLabel, .tabActive, .alarm, .match:
      Appearance(attributes: reverse)
    case .columnSorted: Appearance(attributes: reverse | bold)
    case .selectedIdle: Appearance(attributes: underline)
    default: Appearance(attributes: 0)
    }
  }

  private static let bold = CC_BOLD.rawValue
  private static let reverse = CC_REVERSE.rawValue
  private static let underline = CC_UNDERLINE.rawValue
  private static let black: Int32 = 0
  private static let red: Int32 = 1
  private static let green: Int32 = 2
  private static let yellow: Int32 = 3
  private static let cyan: Int32 = 6
  private static let white: Int32 = 7
}
